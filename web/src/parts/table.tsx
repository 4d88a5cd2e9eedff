import type { ComponentChildren } from 'preact';

export interface Column<Row> {
  readonly id: string;
  readonly title: string;
  /** Numbers are set to the right, in figures of one width. */
  readonly isNumber?: boolean;
  /** Where cells of narrow screens stand beside each other it takes the room of two. */
  readonly isBroad?: boolean;
  readonly cell: (row: Row) => ComponentChildren;
}

export interface Sorting {
  readonly column: string;
  readonly descending: boolean;
}

interface TableProps<Row> {
  /** Says what the table is of; read by screen readers. */
  readonly caption: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  /** Rows that need somebody's attention stand out. */
  readonly isAlarm?: (row: Row) => boolean;
  readonly sorting?: Sorting;
  readonly onSort?: (column: string) => void;
  /** Columns that can be sorted by; all when absent and `onSort` is given. */
  readonly empty?: string;
  /** On narrow screens a row becomes a block with its cells below each other, so that nothing lies out of sight. */
  readonly isStacked?: boolean;
}

/** A table that scrolls sideways in a region of its own where the page is narrow. */
export function Table<Row>(props: TableProps<Row>) {
  const { caption, columns, rows, keyOf, isAlarm, sorting, onSort, empty, isStacked } = props;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <section class={isStacked ? 'table stacked' : 'table'} aria-label={caption} tabIndex={0}>
      <table>
        <caption class="hidden">{caption}</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <Heading key={column.id} column={column} sorting={sorting} onSort={onSort} />
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={keyOf(row)} class={isAlarm?.(row) ? 'alarm' : undefined}>
              {columns.map((column) => (
                <td key={column.id} class={classOf(column)} data-title={column.title}>
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length === 0 ? <p class="empty-rows">{empty ?? 'Nothing here.'}</p> : null}
    </section>
  );
}

function classOf({ isNumber, isBroad }: { isNumber?: boolean; isBroad?: boolean }): string | undefined {
  return isNumber ? 'number' : isBroad ? 'broad' : undefined;
}

interface HeadingProps {
  readonly column: { readonly id: string; readonly title: string; readonly isNumber?: boolean };
  readonly sorting: Sorting | undefined;
  readonly onSort: ((column: string) => void) | undefined;
}

function Heading({ column, sorting, onSort }: HeadingProps) {
  const isSorted = sorting?.column === column.id;
  const direction = !isSorted ? 'none' : sorting.descending ? 'descending' : 'ascending';
  return (
    <th
      scope="col"
      class={column.isNumber ? 'number' : undefined}
      aria-sort={onSort === undefined ? undefined : direction}
    >
      {onSort === undefined ? (
        column.title
      ) : (
        <button type="button" class="sort" onClick={() => onSort(column.id)}>
          {column.title}
          <span aria-hidden="true">{!isSorted ? '' : sorting.descending ? ' ↓' : ' ↑'}</span>
        </button>
      )}
    </th>
  );
}

interface PagerProps {
  readonly first: number;
  readonly last: number;
  readonly total: number;
  readonly onMove: (step: -1 | 1) => void;
}

/** Says which rows are shown and moves by a page. */
export function Pager({ first, last, total, onMove }: PagerProps) {
  return (
    <div class="pager">
      <span role="status">
        {total === 0
          ? 'None'
          : `${first.toLocaleString('en-GB')}–${last.toLocaleString('en-GB')} of ${total.toLocaleString('en-GB')}`}
      </span>
      <button type="button" disabled={first <= 1} onClick={() => onMove(-1)}>
        Previous
      </button>
      <button type="button" disabled={last >= total} onClick={() => onMove(1)}>
        Next
      </button>
    </div>
  );
}
