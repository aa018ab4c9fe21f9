// What Belay says of a deploy that broke a policy, in both languages.
import type { SmokeProof } from '../deploy-policy.ts';
import type { Lang } from '../system.ts';

interface About {
  readonly target: string;
  readonly release: string;
}

export function smokeReport(lang: Lang, { target, release, proof }: About & { readonly proof: SmokeProof }): string {
  if (lang === 'pt-BR')
    return proof.result === 'fail'
      ? `O teste de fumaça depois do deploy de ${release} em ${target} falhou: ${proof.why}.`
      : `Depois do deploy de ${release} em ${target} o teste de fumaça não pôde dizer nada: ${proof.why}.`;
  return proof.result === 'fail'
    ? `The smoke test after the deploy of ${release} to ${target} failed: ${proof.why}.`
    : `The smoke test after the deploy of ${release} to ${target} could not tell: ${proof.why}.`;
}

export function unstagedReport(lang: Lang, { target, release, staging }: About & { readonly staging: string }): string {
  return lang === 'pt-BR'
    ? `${release} entrou no ar em ${target} sem ter passado em ${staging}.`
    : `${release} went live on ${target} without having passed on ${staging}.`;
}
