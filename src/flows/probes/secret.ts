// The `secret` probe: whether the running service uses the secret that it should. Only a keyed digest of it is told.
import { BelayError } from '../../domain/errors.ts';
import type { JsonObject } from '../../domain/json.ts';
import type { Probe } from '../../ports/probe.ts';
import type { SecretProof, Secrets } from '../../ports/secrets.ts';
import { textOf } from '../actions/arguments.ts';
import { optionalText, probeOf } from './probe.ts';

export function secretProbe(secrets: Pick<Secrets, 'compare'>): Probe {
  return probeOf('secret', async (args) => {
    const { same, expired, digest } = await secrets.compare(textOf(args, 'name'), proofIn(args));
    return { known: true, values: { same, expired, digest } };
  });
}

/** @throws BELAY_INPUT_INVALID */
function proofIn(args: JsonObject): SecretProof {
  const [challenge, jwt, envFile, field] = ['challenge', 'jwt', 'envFile', 'field'].map((name) => optionalText(args, name));
  if ([challenge, jwt, envFile].filter((one) => one !== undefined).length !== 1)
    throw new BelayError('BELAY_INPUT_INVALID', 'one of challenge, jwt and envFile says how the service shows its secret');
  if (challenge !== undefined) return { by: 'challenge', url: challenge };
  if (jwt !== undefined) return { by: 'jwt', url: jwt, ...(field === undefined ? {} : { field }) };
  if (field === undefined || !/^[A-Za-z_]\w{0,127}$/.test(field))
    throw new BelayError('BELAY_INPUT_INVALID', 'field names the variable of envFile, such as JWT_ACCESS_SECRET');
  return { by: 'env-file', path: envFile ?? '', variable: field };
}
