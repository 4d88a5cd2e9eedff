interface ChoiceProps {
  readonly legend: string;
  readonly name: string;
  readonly options: readonly { readonly id: string; readonly label: string }[];
  readonly selected: string;
  readonly onChoose: (id: string) => void;
}

/** One of a few, side by side: radio buttons underneath, so that arrow keys and screen readers work as usual. */
export function Choice({ legend, name, options, selected, onChoose }: ChoiceProps) {
  return (
    <fieldset class="choice">
      <legend class="hidden">{legend}</legend>
      {options.map(({ id, label }) => (
        <label key={id} class={id === selected ? 'chosen' : undefined}>
          <input type="radio" name={name} value={id} checked={id === selected} onChange={() => onChoose(id)} />
          {label}
        </label>
      ))}
    </fieldset>
  );
}
