import { useState } from 'preact/hooks';
import { api } from '../data/api.ts';
import { serverNowMs, toMs } from '../data/state.ts';
import { cityDate } from '../format.ts';
import type { Act } from './job-table.tsx';

const KINDS = ['readings', 'quarters', 'hours', 'kpis'] as const;
const DAY_MS = 86_400_000;

/** Orders the rows of whole days as files. */
export function ExportForm({ onAct }: { onAct: Act }) {
  const [from, setFrom] = useState(() => cityDate(serverNowMs() - DAY_MS));
  const [to, setTo] = useState(from);
  const [kinds, setKinds] = useState<readonly string[]>(KINDS);
  const order = async () => {
    // The server takes the days whole that instants lie in; the end itself is not one of them.
    const [first, last] = [instantIn(from), instantIn(to) + 1];
    const query = { from: new Date(first).toISOString(), to: new Date(last).toISOString(), what: kinds.join() };
    const { id } = await api.exportDays(query);
    return `The export is ordered: job ${id}.`;
  };
  const submit = (event: Event) => {
    event.preventDefault();
    void onAct(order);
  };
  return (
    <section class="panel" aria-labelledby="export">
      <h2 id="export">Order an export</h2>
      <form class="filters" onSubmit={submit}>
        <DateField label="First day" value={from} onChange={setFrom} />
        <DateField label="Last day" value={to} min={from} onChange={setTo} />
        <Kinds chosen={kinds} onChoose={setKinds} />
        <button type="submit" disabled={kinds.length === 0}>
          Order
        </button>
      </form>
      <p class="hint">
        Whole days of the city, as Parquet files in the folder <code>exports</code> of the server’s data.
      </p>
    </section>
  );
}

interface DateFieldProps {
  readonly label: string;
  readonly value: string;
  readonly min?: string;
  readonly onChange: (date: string) => void;
}

function DateField({ label, value, min, onChange }: DateFieldProps) {
  return (
    <label>
      <span>{label}</span>
      <input type="date" required value={value} min={min} onChange={(event) => onChange(event.currentTarget.value)} />
    </label>
  );
}

interface KindsProps {
  readonly chosen: readonly string[];
  readonly onChoose: (kinds: readonly string[]) => void;
}

function Kinds({ chosen, onChoose }: KindsProps) {
  const choose = (kind: string, isChosen: boolean) =>
    onChoose(KINDS.filter((one) => (one === kind ? isChosen : chosen.includes(one))));
  return (
    <fieldset class="checks">
      <legend class="hidden">What is exported</legend>
      {KINDS.map((kind) => (
        <label key={kind} class="check">
          <input
            type="checkbox"
            checked={chosen.includes(kind)}
            onChange={(event) => choose(kind, event.currentTarget.checked)}
          />
          <span>{kind === 'kpis' ? 'KPIs' : kind}</span>
        </label>
      ))}
    </fieldset>
  );
}

/** An instant of a day of the city. */
function instantIn(date: string): number {
  const noonMs = toMs(`${date}T12:00:00Z`);
  // East of UTC+12 noon UTC lies in the next day.
  return cityDate(noonMs) === date ? noonMs : noonMs - DAY_MS / 2;
}
