/** The look of a report: colours of the page, light and dark as the reader's machine says, and light on paper. */
export const REPORT_STYLE = `
:root{color-scheme:light dark;--ground:light-dark(#f3f5f6,#101517);--surface:light-dark(#fff,#182023);--raised:light-dark(#f8fafa,#1e282b);--line:light-dark(#d9e0e2,#2c383c);--text:light-dark(#142024,#e6edef);--muted:light-dark(#4f5f65,#a3b2b7);--accent:light-dark(#0b6e78,#4fc3cf);--good:light-dark(#1c6b43,#6fcf9b);--warn:light-dark(#8a5300,#f0b656);--bad:light-dark(#b3261e,#ff8f85);font:14px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","Liberation Sans",sans-serif;font-variant-numeric:tabular-nums}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--text)}
main{max-width:1400px;margin:0 auto;padding:24px 20px 48px}
h1,h2,h3,p,dl,dd,ul{margin:0;padding:0}
h1{font-size:24px;line-height:1.2}
h2{font-size:18px;margin:32px 0 10px}
h3{font-size:15px}
a{color:var(--accent);text-underline-offset:2px}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
small,.muted{color:var(--muted);font-weight:400}
small{font-size:12px}
.brand{color:var(--muted);margin-bottom:4px}
.period{font-size:18px;margin:4px 0 14px}
.facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(240px,1fr));gap:10px 24px;padding:14px 16px;background:var(--surface);border:1px solid var(--line);border-radius:6px}
.facts dt,.rules dt{font-size:12px;color:var(--muted)}
.facts dd{overflow-wrap:anywhere}
.rules{display:grid;grid-template-columns:max-content 1fr;gap:2px 14px;margin:8px 0 12px;max-width:980px}
.rules dt{line-height:1.7}
.kpi{margin-top:18px;padding:14px 16px;background:var(--surface);border:1px solid var(--line);border-radius:6px}
.scroll{overflow-x:auto;background:var(--surface);border:1px solid var(--line);border-radius:6px}
.kpi .scroll{max-height:460px;overflow:auto}
.kpi .long{content-visibility:auto;height:460px}
table{width:100%;border-collapse:collapse}
caption{text-align:left;padding:8px 10px;color:var(--muted);font-size:12px}
th,td{padding:5px 9px;text-align:left;vertical-align:top}
thead th{white-space:nowrap}
.time,.number,.figure,.facts time{white-space:nowrap}
.summary th{white-space:normal}
.summary small{white-space:nowrap}
.summary .name small{white-space:normal}
thead th{font-size:12px;color:var(--muted);background:var(--raised)}
tbody th{font-weight:400}
tbody tr>*{border-top:1px solid var(--line)}
tbody th[scope=rowgroup]{font-weight:650;background:var(--raised)}
.name,.note{min-width:180px}
.number{text-align:right}
.number small{display:block}
.met,.yes{color:var(--good)}
.missed,.no{color:var(--bad);font-weight:650}
.open{color:var(--warn);font-weight:650}
.swatch{width:10px;height:10px;margin-right:6px;vertical-align:baseline}
.chart{display:block;width:100%;max-width:720px;height:auto;margin:4px 0 12px}
.chart text{fill:var(--muted);font-size:12px;text-anchor:end}
.chart .first{text-anchor:start}
.chart path{fill:none}
.chart .line{stroke:var(--accent);stroke-width:1.8;stroke-linecap:round;stroke-linejoin:round}
.chart .target{stroke:var(--warn);stroke-width:1.2;stroke-dasharray:5 4}
.chart .invalid{fill:var(--surface);stroke:var(--bad);stroke-width:1.4}
ul{padding-left:20px;max-width:980px}
li{margin:6px 0}
footer{margin-top:32px;color:var(--muted);max-width:980px}
footer p{margin:6px 0}
@page{size:A4 landscape;margin:12mm}
@media print{:root{color-scheme:light;font-size:10px}small,caption,thead th,.facts dt,.rules dt{font-size:8.5px}h1{font-size:18px}h2{font-size:14px;margin-top:18px}h3{font-size:12px}.period{font-size:13px}body{background:#fff}main{max-width:none;padding:0}.scroll,.kpi .scroll{max-height:none;height:auto;content-visibility:visible;overflow:visible;border:0}.kpi{border:0;padding:0}thead{display:table-header-group}tr{break-inside:avoid}h2,h3{break-after:avoid}.why,.number .why{display:none}th,td{padding:2px 5px}.name,.note{min-width:110px}.chart{max-width:480px}}
`.trim();
