// What the killer and the killed must agree on.
/** Longer than the receivers' lateness: else "not there" would be answered too early. */
export const SETTLE_MS = 350;
export const LATE_MS = 200;
export const WEBHOOK_SECRET = `whsec_${Buffer.from('thirty-two bytes of test secret!').toString('base64')}`;
