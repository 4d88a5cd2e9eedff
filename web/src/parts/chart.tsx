import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { cityTimeZone, formatTime } from '../format.ts';
import { useThemeVersion } from '../theme.ts';

export interface ChartPoint {
  /** End of the window, ms. */
  readonly atMs: number;
  /** Null where nothing can be said. */
  readonly value: number | null;
  readonly valid: boolean;
  readonly final: boolean;
}

interface ChartProps {
  /** One sentence for those who do not see it; the table beside it has the numbers. */
  readonly label: string;
  readonly points: readonly ChartPoint[];
  readonly unit: string;
  readonly format: (value: number) => string;
  readonly target?: number | null;
  readonly bands?: readonly { readonly upTo: number | null; readonly color: string }[];
  /** Amounts stand on zero; levels and concentrations float. */
  readonly fromZero?: boolean;
}

const HEIGHT = 300;
const BAND_WIDTH = 4;

/** A line over time: valid values joined, invalid and provisional ones marked, bands at the side, the target dashed. */
export function Chart(props: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const readout = useRef<HTMLParagraphElement>(null);
  const theme = useThemeVersion();
  const { points, label } = props;
  // Colours are read anew whenever the theme changes
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const show = (index: number | null | undefined) => {
      if (readout.current !== null) readout.current.textContent = describe(props, index);
    };
    const chart = new uPlot(options(element, props, show), columns(points), element);
    const observer = new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height: HEIGHT }));
    observer.observe(element);
    show(null);
    return () => {
      observer.disconnect();
      chart.destroy();
    };
  }, [points, theme, props.target, props.unit]);
  return (
    <figure class="chart">
      <div ref={box} class="plot" role="img" aria-label={label} />
      <figcaption>
        <span class="key line">valid</span>
        <span class="key provisional">provisional</span>
        <span class="key invalid">not valid</span>
        {props.target === null || props.target === undefined ? null : <span class="key goal">target</span>}
      </figcaption>
      <p ref={readout} class="readout" aria-hidden="true" />
    </figure>
  );
}

function columns(points: readonly ChartPoint[]): uPlot.AlignedData {
  const pick = (test: (point: ChartPoint) => boolean) => points.map((point) => (test(point) ? point.value : null));
  return [
    points.map(({ atMs }) => atMs / 1000),
    pick((point) => point.valid),
    pick((point) => point.valid && !point.final),
    pick((point) => !point.valid),
  ];
}

function describe({ points, format, unit }: ChartProps, index: number | null | undefined): string {
  const point = index === null || index === undefined ? points.at(-1) : points[index];
  if (point === undefined) return '';
  const standing = !point.valid ? ', not valid' : point.final ? '' : ', provisional';
  return `to ${formatTime(point.atMs)}: ${point.value === null ? '–' : format(point.value)} ${unit}${standing}`;
}

function options(
  element: HTMLElement,
  props: ChartProps,
  show: (index: number | null | undefined) => void,
): uPlot.Options {
  const color = (name: string) => resolveColor(element, name);
  const line = color('--accent');
  const text = color('--text-muted');
  const grid = { stroke: color('--line'), width: 1 };
  const font = '12px system-ui, sans-serif';
  const marks = (stroke: string): uPlot.Series => ({
    stroke,
    width: 0,
    paths: () => null,
    points: { show: true, size: 7, width: 1.5, stroke, fill: color('--surface') },
  });
  return {
    width: element.clientWidth || 600,
    height: HEIGHT,
    legend: { show: false },
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), cityTimeZone()),
    cursor: { points: { size: 8 }, drag: { x: true, y: false } },
    scales: { y: { range: (_chart, low, high) => scaleRange(low, high, props) } },
    axes: [
      {
        stroke: text,
        grid,
        ticks: grid,
        font,
        size: 36,
        space: 70,
        values: (_chart, splits, _axis, _space, step) => splits.map((at) => tickText(at, step)),
      },
      {
        stroke: text,
        grid,
        ticks: grid,
        font,
        size: 58,
        values: (_chart, splits) => splits.map((value) => props.format(value)),
      },
    ],
    series: [
      {},
      {
        stroke: line,
        width: 1.75,
        spanGaps: false,
        points: { show: props.points.length < 80, size: 4, stroke: line, fill: line },
      },
      marks(color('--text-muted')),
      marks(color('--bad')),
    ],
    hooks: {
      drawAxes: [(chart) => drawBands(chart, props.bands ?? [])],
      draw: [(chart) => drawTarget(chart, props.target, color('--text'))],
      setCursor: [(chart) => show(chart.cursor.idx)],
    },
  };
}

/** Room above and below, and the target in sight. */
function scaleRange(low: number | null, high: number | null, { target, fromZero }: ChartProps): uPlot.Range.MinMax {
  const values = [low, high, target ?? null].filter((value) => value !== null && Number.isFinite(value)) as number[];
  if (values.length === 0) return [0, 1];
  const least = fromZero ? Math.min(0, ...values) : Math.min(...values);
  const most = Math.max(...values);
  const room = (most - least || Math.abs(most) || 1) * 0.08;
  return [fromZero && least === 0 ? 0 : least - room, most + room];
}

function tickText(atSeconds: number, stepSeconds: number): string {
  const atMs = atSeconds * 1000;
  if (stepSeconds >= 28 * 86_400) return formatTime(atMs, 'month');
  if (stepSeconds >= 86_400) return formatTime(atMs, 'day');
  const time = formatTime(atMs, 'time');
  return time === '00:00' ? formatTime(atMs, 'day') : time;
}

/** The colours of the bands as a rail at the left edge of the plot. */
function drawBands(chart: uPlot, bands: readonly { readonly upTo: number | null; readonly color: string }[]): void {
  const { ctx, bbox } = chart;
  const { min, max } = chart.scales.y ?? {};
  if (min === undefined || max === undefined || min === null || max === null) return;
  let lower = min;
  for (const band of bands) {
    const upper = Math.min(band.upTo ?? max, max);
    if (upper > lower) {
      const top = chart.valToPos(upper, 'y', true);
      ctx.fillStyle = band.color;
      ctx.fillRect(
        bbox.left - BAND_WIDTH * devicePixelRatio,
        top,
        BAND_WIDTH * devicePixelRatio,
        chart.valToPos(lower, 'y', true) - top,
      );
      lower = upper;
    }
  }
}

function drawTarget(chart: uPlot, target: number | null | undefined, color: string): void {
  if (target === null || target === undefined) return;
  const { ctx, bbox } = chart;
  const y = chart.valToPos(target, 'y', true);
  ctx.save();
  ctx.strokeStyle = color;
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio]);
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  ctx.restore();
}

/** A canvas knows no custom properties and no light-dark(): the browser resolves them on an element. */
function resolveColor(element: HTMLElement, name: string): string {
  const probe = document.createElement('span');
  probe.style.color = `var(${name})`;
  element.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
