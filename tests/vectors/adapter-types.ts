/** Functions of the product by the vectors' name, each taking the words of the vector's inputs. */
export type Adapters = Readonly<Record<string, (inputs: never) => unknown>>;

/** Hourly values as vectors have them. */
export type Hourly = (number | null)[];
