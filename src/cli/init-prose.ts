// What people read in the files of `belay init`, in both languages: comments, headings, and the first messages.
import type { Lang } from '../domain/system.ts';

type MessageId = 'initial' | 'stabilised' | 'org-initial' | 'org-stabilised';

export interface Prose {
  readonly notes: Readonly<Record<'head' | 'signals' | 'mode' | 'target' | 'switches' | 'channels' | 'guards' | 'network', string>>;
  readonly phases: Readonly<Record<'decide' | 'act' | 'verify' | 'tell', string>>;
  deploy(
    name: string,
  ): Readonly<
    Record<'title' | 'about' | 'uniform' | 'tell' | 'freeze' | 'freezeWhy' | 'back' | 'backWhy' | 'answers' | 'watch' | 'stable', string>
  >;
  readonly org: Readonly<Record<'title' | 'about' | 'tell' | 'back' | 'answers' | 'watch' | 'stable', string>>;
  readonly messages: Readonly<Record<MessageId, string>>;
}

const en: Prose = {
  notes: {
    head: 'What Belay watches and what it may do. After every change: belay lint',
    signals: 'Counters of your metrics page. Another name or label? Write it here.',
    mode: 'shadow: Belay tells what it would have done, and does nothing. When you believe it, write: mode: armed',
    target: 'releases/<name>/ and current -> releases/<name>. Let your deploy script honour the FREEZE file that a rollback leaves.',
    switches: 'Which flow each organization uses; the safe one first.',
    channels: 'Where people are told. Others are e-mail, Slack and webhooks: docs/guides/your-own-system.md',
    guards: 'Belay acts alone only on a change of the last hour, with half an hour between, three times a day at most.',
    network: 'Private and local hosts that Belay may ask.',
  },
  phases: { decide: 'Decide', act: 'Roll back', verify: 'Verify', tell: 'Communicate' },
  deploy: (name) => ({
    title: `Roll ${name} back to the release before`,
    about:
      'A new release hurts people. Go back, by name, to the release that was live before it, and keep others from deploying until\nsomebody has understood what happened.',
    uniform: 'Every unit runs the same release, so the rollback has one starting point.',
    tell: 'Tell the team',
    freeze: 'Freeze deploys',
    freezeWhy: 'Nobody may put the bad release back while we look at it.',
    back: 'Put the previous release back',
    backWhy: 'The plan names the release; it is switched only if what runs is still what the plan saw.',
    answers: 'Requests are answered again',
    watch: 'Watch the old release',
    stable: 'Say that it is stable',
  }),
  org: {
    title: 'Put one organization back on the safe flow',
    about: 'Only this organization is hurt. Its flow goes back; every other organization keeps the new one.',
    tell: 'Tell the team',
    back: 'Put this organization on the safe flow',
    answers: 'Requests are answered',
    watch: 'Watch this organization',
    stable: 'Say that it is stable',
  },
  messages: {
    initial:
      '# {severity}: errors in {components}\n\nWe see errors in {components}. A controlled rollback has started. Next update within {promise}, at the latest {nextUpdate}.\n',
    stabilised:
      '# {components} is stable again\n\nThe previous release answers and was watched for the whole window. Deploys stay frozen while we look for the cause.\n',
    'org-initial':
      '# {severity}: errors for {org}\n\nOnly {org} is hit. It goes back to the safe flow now; the others stay as they are. Next update within {promise}.\n',
    'org-stabilised': '# {org} is stable again\n\n{org} is served by the safe flow and was watched for the whole window.\n',
  },
};

const ptBr: Prose = {
  notes: {
    head: 'O que o Belay observa e o que ele pode fazer. Depois de cada mudança: belay lint',
    signals: 'Contadores da sua página de métricas. Outro nome ou rótulo? Escreva aqui.',
    mode: 'shadow: o Belay diz o que teria feito e não faz nada. Quando confiar nele, escreva: mode: armed',
    target: 'releases/<nome>/ e current -> releases/<nome>. Faça o script de deploy respeitar o arquivo FREEZE que um rollback deixa.',
    switches: 'Qual fluxo cada organização usa; o seguro primeiro.',
    channels: 'Por onde as pessoas são avisadas. Há também e-mail, Slack e webhooks: docs/guides/your-own-system.md',
    guards: 'O Belay só age sozinho sobre uma mudança da última hora, com meia hora de intervalo, no máximo três vezes por dia.',
    network: 'Endereços privados e locais que o Belay pode consultar.',
  },
  phases: { decide: 'Decidir', act: 'Voltar', verify: 'Verificar', tell: 'Comunicar' },
  deploy: (name) => ({
    title: `Voltar ${name} para a versão anterior`,
    about:
      'Uma versão nova prejudica as pessoas. Volte, pelo nome, para a versão que estava no ar antes dela, e impeça novos deploys até\nalguém entender o que aconteceu.',
    uniform: 'Todas as unidades rodam a mesma versão, então o rollback tem um único ponto de partida.',
    tell: 'Avisar o time',
    freeze: 'Congelar os deploys',
    freezeWhy: 'Ninguém pode colocar a versão ruim de volta enquanto a analisamos.',
    back: 'Colocar a versão anterior de volta',
    backWhy: 'O plano nomeia a versão; só há troca se o que está no ar ainda for o que o plano viu.',
    answers: 'As requisições voltam a ser atendidas',
    watch: 'Observar a versão anterior',
    stable: 'Dizer que está estável',
  }),
  org: {
    title: 'Colocar uma organização de volta no fluxo seguro',
    about: 'Só esta organização é prejudicada. O fluxo dela volta; todas as outras ficam com o novo.',
    tell: 'Avisar o time',
    back: 'Colocar esta organização no fluxo seguro',
    answers: 'As requisições são atendidas',
    watch: 'Observar esta organização',
    stable: 'Dizer que está estável',
  },
  messages: {
    initial:
      '# {severity}: erros em {components}\n\nIdentificamos erros em {components}. Um rollback controlado começou. Próxima atualização em até {promise}, no máximo às {nextUpdate}.\n',
    stabilised:
      '# {components} está estável de novo\n\nA versão anterior responde e foi observada durante toda a janela. Os deploys seguem congelados enquanto buscamos a causa.\n',
    'org-initial':
      '# {severity}: erros para {org}\n\nSomente {org} foi afetada. Ela volta agora ao fluxo seguro; as demais seguem como estão. Próxima atualização em até {promise}.\n',
    'org-stabilised': '# {org} está estável de novo\n\n{org} é atendida pelo fluxo seguro e foi observada durante toda a janela.\n',
  },
};

export function proseOf(lang: Lang): Prose {
  return lang === 'en' ? en : ptBr;
}
