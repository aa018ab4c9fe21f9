// Certificates of ways back in the terminal: one paragraph each, newest first, and a line for each stage of one that is being made.
import type { Certificate } from '../domain/certificate.ts';
import type { Lang } from '../domain/system.ts';
import { certificateLines } from '../domain/text/certificate-texts.ts';
import type { Stage } from '../flows/certify.ts';
import type { Look } from './output.ts';
import { wrap } from './text-layout.ts';

const WORDS = {
  en: {
    none: 'Nothing was proved yet. Try a way back on a drill database: belay certify <database> --to <release or migration>',
    stage: {
      copy: (database: string) => `${database}: sees that the drill database is not production, and copies it …`,
      down: (database: string) => `${database}: takes back on the copy …`,
      rows: (database: string) => `${database}: compares the rows …`,
      schema: (database: string) => `${database}: compares the schema …`,
      keep: (database: string) => `${database}: throws the copy away; the certificate is kept.`,
    },
  },
  'pt-BR': {
    none: 'Nada foi provado ainda. Teste um caminho de volta em um banco de ensaio: belay certify <banco> --to <release ou migração>',
    stage: {
      copy: (database: string) => `${database}: confere que o banco de ensaio não é a produção, e o copia …`,
      down: (database: string) => `${database}: desfaz na cópia …`,
      rows: (database: string) => `${database}: compara as linhas …`,
      schema: (database: string) => `${database}: compara o esquema …`,
      keep: (database: string) => `${database}: descarta a cópia; o certificado é guardado.`,
    },
  },
} as const;

export const stageText = (stage: Stage, database: string, lang: Lang): string => WORDS[lang].stage[stage](database);

export function certificatesText(certificates: readonly Certificate[], page: Look & { readonly lang: Lang }): string {
  if (certificates.length === 0) return WORDS[page.lang].none;
  return certificates.map((one) => certificateText(one, page)).join('\n\n');
}

function certificateText(certificate: Certificate, { colour, marks, width, lang }: Look & { readonly lang: Lang }): string {
  const isGood = certificate.outcome === 'lossless';
  const isOpen = certificate.outcome === 'unproved';
  const mark = isGood ? colour.green(marks.done) : isOpen ? colour.yellow(marks.unknown) : colour.red(marks.failed);
  const [head = '', ...rest] = certificateLines(certificate, lang);
  const told = wrap(head, width - 2).map((line, at) => (at === 0 ? `${mark} ${line}` : `  ${line}`));
  return [...told, ...rest.flatMap((one) => wrap(one, width - 4).map((line) => `    ${line}`))].join('\n');
}
