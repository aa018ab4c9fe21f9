// Why a plan does not know what a step would do, for readers of another language. What Belay itself says is told in both; what a target or a
// tool said stays as it was said.
import type { Lang } from '../system.ts';

/** Of whole sentences: what is in brackets comes from the world. */
const PT_BR: readonly (readonly [RegExp, string])[] = [
  [/^takes back what will have been done by then$/, 'desfaz o que tiver sido feito até lá'],
  [/^it would put back what was rolled away from$/, 'recolocaria aquilo de que se voltou'],
  [/^there is no action (.+)$/, 'não existe a ação $1'],
  [/^no value yet for (.+)$/, 'ainda sem valor para $1'],
  [/^(.+) already runs (.+)$/, '$1 já executa $2'],
  [/^release (\S+) lies behind (\S+), the newest stable release of (.+)$/, 'a versão $1 é anterior a $2, a versão estável mais nova de $3'],
  [/^release (\S+) cannot be put live on (\S+): pruned$/, 'a versão $1 não pode entrar no ar em $2: foi removida'],
  [/^release (\S+) cannot be put live on (\S+): failed$/, 'a versão $1 não pode entrar no ar em $2: ela falhou'],
  [/^release (\S+) cannot be put live on (\S+): unknown$/, 'a versão $1 não pode entrar no ar em $2: é desconhecida'],
  [
    /^release (\S+) cannot be put live on (\S+): a later release that has run says that nothing before it can run any more$/,
    'a versão $1 não pode entrar no ar em $2: uma versão posterior que já rodou diz que nada anterior a ela pode mais rodar',
  ],
  [
    /^(\S+) cannot stop a deploy that has begun: a rollback overtakes it$/,
    '$1 não consegue interromper um deploy que começou: um rollback o ultrapassa',
  ],
  [
    /^(\S+) cannot stop a deploy that has begun: a rollback waits until it has ended$/,
    '$1 não consegue interromper um deploy que começou: um rollback espera até ele terminar',
  ],
  [/^(\S+) cannot keep other deployers out$/, '$1 não consegue impedir outros deploys'],
  [/^(\S+) cannot take back a single change$/, '$1 não consegue desfazer uma única mudança'],
  [/^(\S+) is not in what (\S+) runs$/, '$1 não está no que $2 executa'],
  [/^(\S+) does not answer: (\S+) would send its requests nowhere$/, '$1 não responde: $2 mandaria as requisições para lugar nenhum'],
];

export function planReasonText(why: string, lang: Lang): string {
  if (lang === 'en') return why;
  const [pattern, text] = PT_BR.find(([one]) => one.test(why)) ?? [];
  return pattern === undefined || text === undefined ? why : why.replace(pattern, text);
}
