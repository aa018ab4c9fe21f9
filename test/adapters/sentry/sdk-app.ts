// An application that uses Sentry's SDK as its documentation says, in a process of its own: an error, a crash, and a session.
// argv: the DSN and the secret that its transport sends. It knows nothing of who listens.
import * as Sentry from '@sentry/node';

const [dsn = '', secret = ''] = process.argv.slice(2);
Sentry.init({
  dsn,
  environment: 'production',
  release: 'shop@1.2.3',
  transportOptions: { headers: { authorization: `Bearer ${secret}` } },
});
Sentry.startSession();
Sentry.captureException(new Error('the payment was refused'));
Sentry.captureMessage('the process cannot go on', 'fatal');
Sentry.endSession();
process.exitCode = (await Sentry.close(10_000)) ? 0 : 1;
