import { type Clock, MINUTE_MS } from '../base/index.ts';
import { CertificateWatch, readCertificates } from '../broker/embedded/index.ts';
import type { Config } from '../config/index.ts';
import type { Logger } from '../telemetry/index.ts';
import type { HttpTls } from '../views/http/index.ts';

const SECTION = 'http.tls';

/**
 * The certificate of `http.tls`, which is taken anew when its files have changed.
 *
 * @throws OperatingError `tls_invalid`, naming key and file
 */
export function openHttpTls(files: NonNullable<Config['http']['tls']>, clock: Clock, log: Logger): HttpTls {
  return {
    certificate: readCertificates(files, SECTION),
    onRenewed(listener) {
      const watch = new CertificateWatch(files, listener, { section: SECTION, clock, log });
      const timer = setInterval(() => watch.look(), MINUTE_MS);
      timer.unref();
      return () => clearInterval(timer);
    },
  };
}
