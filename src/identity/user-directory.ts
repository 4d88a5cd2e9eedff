import type { DirectoryOptions } from './device-directory.ts';
import { isPasswordOf } from './passwords.ts';
import { isSecretOf } from './secrets.ts';
import { addUser, listUsers, partsOfToken, userFile } from './user-changes.ts';
import type { Person, TokenRecord, UserDirectory, UserRecord } from './users.ts';
import { WatchedRecords } from './watched-records.ts';

/** Opens the users of a data folder; a folder without any has none. @throws OperatingError `records_damaged` */
export function openUserDirectory(options: DirectoryOptions): UserDirectory {
  return new FileUsers(options);
}

class FileUsers implements UserDirectory {
  readonly #options: DirectoryOptions;
  readonly #records: WatchedRecords;
  #users: ReadonlyMap<string, UserRecord> = new Map();
  #tokens: ReadonlyMap<string, TokenRecord> = new Map();

  constructor(options: DirectoryOptions) {
    this.#options = options;
    this.#records = new WatchedRecords(userFile(options.dataFolder), () => this.#read(), options.onProblem);
  }

  get count(): number {
    return this.#users.size;
  }

  get hasAdmin(): boolean {
    return [...this.#users.values()].some(({ role }) => role === 'admin');
  }

  async byPassword(name: string, password: string): Promise<Person | undefined> {
    const hash = this.#users.get(name)?.passwordHash;
    const isRight = await isPasswordOf(hash, password);
    const user = this.#users.get(name);
    // It may have been removed or changed while the hash was made.
    return isRight && user?.passwordHash === hash ? personOf(user) : undefined;
  }

  byToken(text: string): Person | undefined {
    const parts = partsOfToken(text);
    const token = this.#tokens.get(parts?.id ?? '');
    if (!isSecretOf(token?.hash, Buffer.from(parts?.secret ?? ''))) return undefined;
    if (token?.expiresAtMs !== undefined && this.#options.clock.nowMs() >= token.expiresAtMs) return undefined;
    return personOf(this.#users.get(token?.user ?? ''));
  }

  async addFirstAdmin(name: string, password: string): Promise<void> {
    const { dataFolder, clock } = this.#options;
    await addUser(dataFolder, { name, role: 'admin', password, onlyFirst: true }, clock.nowMs());
    this.#records.look();
  }

  onChange(listener: () => void): () => void {
    return this.#records.onChange(listener);
  }

  close(): void {
    this.#records.close();
  }

  #read(): void {
    const { users, tokens } = listUsers(this.#options.dataFolder);
    this.#users = new Map(users.map((user) => [user.name, user]));
    this.#tokens = new Map(tokens.map((token) => [token.id, token]));
  }
}

function personOf(user: UserRecord | undefined): Person | undefined {
  return user === undefined ? undefined : { name: user.name, role: user.role };
}
