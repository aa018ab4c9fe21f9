// O que `belay send` e `belay refused` dizem, em português.
import type { senderEn } from './sender-words-en.ts';

export const senderPtBr: typeof senderEn = {
  // belay refused
  nothingRefused: 'Nada foi recusado nos últimos 7 dias.',
  moreLikeIt: (count) => (count === 1 ? ', e mais 1 igual' : `, e mais ${count} iguais`),
  notRead: 'não lido',
  size: (bytes) => `${bytes} ${bytes === 1 ? 'byte' : 'bytes'}`,
  refusedUnread: '(recusado antes de ser lido)',
  noText: '(não é texto)',
  // belay send
  summary: (rows, samples, source) =>
    `${rows} ${rows === 1 ? 'linha' : 'linhas'}, ${samples} ${samples === 1 ? 'amostra' : 'amostras'} para ${source}`,
  dryRun: 'Nada foi enviado (--dry-run).',
  durable: 'Estão gravadas. O mesmo arquivo de novo não conta nada duas vezes, por uma semana.',
  progress: (done, all) => `${done} de ${all}`,
  tooLarge: (file, mib) => `${file} tem mais de ${mib} MiB`,
  cutIt: 'Divida-o em vários arquivos.',
  unreadable: (file, why) => `${file} não pode ser lido: ${why}`,
  decimal: (typed) => `--decimal é comma ou dot, não "${typed}".`,
  typeDecimal: 'Digite: --decimal comma',
  nothingSent: (file) => `${file}: nada foi enviado.`,
  more: (count) => `e mais ${count}`,
  mend: 'Corrija o arquivo e envie-o de novo. Veja o que seria enviado com --dry-run.',
  noColumn: (column) => `não há coluna ${column}`,
  meant: (near) => `; seria ${near}?`,
  thereAre: (columns) => `; há ${columns}`,
  noName: (name) => `${name} não pode ser o nome de amostras: nomeie com COLUNA=nome`,
  noLabel: (name) => `${name} não pode ser um rótulo: nomeie com COLUNA=rótulo`,
  nothingCounted: 'nenhuma coluna é contada: indique uma com --count COLUNA=nome ou --mean COLUNA=nome',
  cell: (line, column, what) => `linha ${line}, coluna ${column}: ${what}`,
  noTime: (value) => `${value} não é uma data com hora`,
  longLabel: (most) => `um rótulo tem no máximo ${most} caracteres`,
  noNumber: (value) => `${value} não é um número`,
  withDecimal: (decimal) => ` (com --decimal ${decimal} é)`,
  belowZero: (value) => `${value} é menor que zero`,
};
