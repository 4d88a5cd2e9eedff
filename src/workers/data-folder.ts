import { accessSync, constants, mkdirSync } from 'node:fs';
import { OperatingError } from '../base/index.ts';

/**
 * Makes the folder of what is kept, where there is none.
 *
 * @throws OperatingError `data_folder_unwritable`
 */
export function prepareFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK);
  } catch (cause) {
    throw new OperatingError(
      'data_folder_unwritable',
      `cannot use the data folder ${folder}: ${(cause as Error).message}`,
      { cause },
    );
  }
}
