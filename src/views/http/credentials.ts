/** User and password of a header (RFC 7617); undefined when it has another form. */
export function basicOf(authorization: string): { readonly name: string; readonly password: string } | undefined {
  const [, encoded] = /^Basic ([A-Za-z0-9+/=]{1,1000})$/i.exec(authorization) ?? [];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const at = text.indexOf(':');
  return at < 0 ? undefined : { name: text.slice(0, at), password: text.slice(at + 1) };
}

/** The token of a header `Bearer ...` (RFC 6750) or, of other schemes, those that are named. */
export function tokenOf(authorization: string, schemes = 'Bearer'): string | undefined {
  return new RegExp(`^(?:${schemes}) ([\\x21-\\x7e]{1,200})$`, 'i').exec(authorization)?.[1];
}
