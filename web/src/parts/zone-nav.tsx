import { link, type Route, type ViewName } from '../data/route.ts';
import { deviceCounts, flatZones, type ZoneNode, zoneTree } from '../data/zones.ts';
import { formatNumber } from '../format.ts';

interface ZoneNavProps {
  readonly selected: string;
  /** Address of the present view for another zone. */
  readonly addressOf: (zone: string) => string;
}

/** The city's zones: a tree of links beside wide pages, a choice above narrow ones. */
export function ZoneNav(props: ZoneNavProps) {
  const root = zoneTree();
  if (root === undefined) return null;
  const counts = deviceCounts();
  return (
    <nav class="zones" aria-label="Zones">
      <ul class="zone-tree">
        <ZoneItem node={root} counts={counts} {...props} />
      </ul>
      <ZoneChoice {...props} />
    </nav>
  );
}

/** A choice among city and zones, indented as they nest. */
export function ZoneChoice({ selected, addressOf }: ZoneNavProps) {
  return (
    <label class="zone-choice">
      <span>Zone</span>
      <select value={selected} onChange={(event) => window.location.assign(addressOf(event.currentTarget.value))}>
        {flatZones().map(({ node, depth }) => (
          <option key={node.id} value={node.id}>
            {'\u00a0\u00a0'.repeat(depth)}
            {node.name}
          </option>
        ))}
      </select>
    </label>
  );
}

type Counts = ReturnType<typeof deviceCounts>;

function ZoneItem({ node, counts, selected, addressOf }: ZoneNavProps & { node: ZoneNode; counts: Counts }) {
  const count = counts.get(node.id);
  return (
    <li>
      <a href={addressOf(node.id)} aria-current={node.id === selected ? 'true' : undefined}>
        <span class="zone-name">{node.name}</span>
        {count === undefined ? null : (
          <span class="zone-count" title={`${count.total} devices, ${count.silent} silent`}>
            {count.silent === 0 ? null : <em>{formatNumber(count.silent)} silent</em>}
            {formatNumber(count.total)}
          </span>
        )}
      </a>
      {node.children.length === 0 ? null : (
        <ul>
          {node.children.map((child) => (
            <ZoneItem key={child.id} node={child} counts={counts} selected={selected} addressOf={addressOf} />
          ))}
        </ul>
      )}
    </li>
  );
}

/** The zone that a route names, or the city. */
export function zoneOf(route: Route, position: number, cityId: string): string {
  return route.names[position] ?? cityId;
}

export function zoneLink(view: ViewName, before: readonly string[], options: Readonly<Record<string, string>> = {}) {
  return (zone: string) => link(view, [...before, zone], options);
}
