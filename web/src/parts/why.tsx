import { useEffect, useRef, useState } from 'preact/hooks';
import { api } from '../data/api.ts';
import { windowLabel } from '../data/periods.ts';
import { toMs } from '../data/state.ts';
import { zoneName } from '../data/zones.ts';
import { formatNumber, formatTime } from '../format.ts';
import type { KpiInfo, KpiValue, Why as WhyBody } from '../types.ts';
import { useLoaded } from '../views/use-loaded.ts';
import { Band, Coverage, Figure, MissedRule, Standing } from './values.tsx';
import { Days, Facts, LeftOut, Revisions, UsedDevices, Zones } from './why-tables.tsx';

/** Devices on one page of the panel. */
const PAGE = 200;

interface WhyProps {
  readonly kpi: KpiInfo;
  readonly zone: string;
  readonly value: KpiValue;
}

/** A button that opens the panel on how a value came about. */
export function Why({ kpi, zone, value }: WhyProps) {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <button
        type="button"
        class="why-button"
        aria-haspopup="dialog"
        aria-label={`Why? ${kpi.title}, ${formatTime(value.start)} to ${formatTime(value.end)}`}
        onClick={() => setOpen(true)}
      >
        Why?
      </button>
      {isOpen ? <OfValue kpi={kpi} zone={zone} value={value} onClose={() => setOpen(false)} /> : null}
    </>
  );
}

function OfValue({ kpi, zone, value, onClose }: WhyProps & { onClose: () => void }) {
  // What was asked about stays the same window while the page goes on.
  const [asked] = useState(value);
  // Of rolling windows the last hour or day tells which one is meant.
  const at = new Date(toMs(asked.end) - 1).toISOString();
  const revision = value.start === asked.start ? value.revision : 0;
  return <WhyDialog kpi={kpi} zone={zone} at={at} span={asked} revision={revision} onClose={onClose} />;
}

interface WhyDialogProps {
  readonly kpi: KpiInfo;
  readonly zone: string;
  /** An instant in the window. */
  readonly at: string;
  /** The window, where it is known before the answer comes. */
  readonly span?: Pick<KpiValue, 'start' | 'end'>;
  /** Another one is asked for again. */
  readonly revision?: number;
  readonly onClose: () => void;
}

/** A modal dialog: the browser keeps the focus in it, closes it with Escape, and gives the focus back. */
export function WhyDialog({ kpi, zone, at, span, revision = 0, onClose }: WhyDialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [offset, setOffset] = useState(0);
  useEffect(() => dialog.current?.showModal(), []);
  const { data, error } = useLoaded(`${at} ${offset} ${revision}`, () =>
    api.why(kpi.id, { zone, at, limit: PAGE, offset }),
  );
  const shown = span ?? data;
  const close = () => dialog.current?.close();
  return (
    <dialog ref={dialog} class="why" aria-labelledby="why-title" onClose={onClose}>
      <header class="why-head">
        <h2 id="why-title">
          Why this number? <small>{kpi.title}</small>
        </h2>
        <button type="button" onClick={close}>
          Close
        </button>
      </header>
      <p class="muted">
        {zoneName(zone)} · {windowLabel(kpi.window)} · {formatTime(shown?.start)} – {formatTime(shown?.end)}
      </p>
      {error === undefined ? null : <p class="failed">{error}</p>}
      {data === undefined ? (
        error === undefined && <p role="status">Taking the value apart …</p>
      ) : (
        <Answer kpi={kpi} why={data} offset={offset} onMove={setOffset} />
      )}
    </dialog>
  );
}

interface AnswerProps {
  readonly kpi: KpiInfo;
  readonly why: WhyBody;
  readonly offset: number;
  readonly onMove: (offset: number) => void;
}

function Answer({ kpi, why, offset, onMove }: AnswerProps) {
  const shown = why.published ?? why.recomputed;
  return (
    <>
      <div class="why-number">
        <Figure kpi={kpi} value={shown} />
        <Band kpi={kpi} value={shown} />
        <Standing value={shown} />
        <Coverage value={shown} />
      </div>
      <Check kpi={kpi} why={why} />
      <MissedRule kpi={kpi} value={shown} />
      <dl class="rules-list">
        <Rule title="Formula">{why.formula.method}</Rule>
        <Rule title="Completeness">
          {why.formula.completeness}
          {why.whole.neededCount === null ? null : ` (${why.whole.validCount} valid, ${why.whole.neededCount} needed)`}
        </Rule>
        <Rule title="Zones and city">{why.formula.spatial}</Rule>
        {why.whole.denominator === null ? null : (
          <Rule title="Divided">
            {formatNumber(why.whole.numerator, 2)} / {formatNumber(why.whole.denominator, 2)}
          </Rule>
        )}
        <Rule title="Data quality">{shown.quality}</Rule>
        <Rule title="Source">{why.formula.source}</Rule>
      </dl>
      <Zones kpi={kpi} why={why} />
      <UsedDevices kpi={kpi} why={why} offset={offset} page={PAGE} onMove={onMove} />
      <LeftOut why={why} />
      <Facts why={why} />
      <Days kpi={kpi} why={why} />
      <Revisions kpi={kpi} why={why} />
    </>
  );
}

/** Whether what was published is what comes out now. */
function Check({ kpi, why }: { kpi: KpiInfo; why: WhyBody }) {
  if (why.equal === null) return <p class="muted">Not published; this is what the engine makes of it now.</p>;
  if (why.equal) return <p class="muted">Made again just now: the same.</p>;
  const again = `${formatNumber(why.recomputed.value, kpi.decimals)} ${kpi.unitLabel}`.trim();
  const { validCount, expectedCount } = why.recomputed;
  return (
    <p class="rule so-far">
      <b>Made again just now</b> {again}, {validCount} of {expectedCount} valid: not what was published.
    </p>
  );
}

function Rule({ title, children }: { title: string; children: preact.ComponentChildren }) {
  return (
    <div>
      <dt>{title}</dt>
      <dd>{children}</dd>
    </div>
  );
}
