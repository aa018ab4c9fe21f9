// Ids for what an import writes: from titles, short, each once.
import { slug } from '../attributes.ts';

export interface Ids {
  take(title: string, otherwise: string): string;
}

const LONGEST = 48;

export function createIds(): Ids {
  const taken = new Set<string>();
  return {
    take: (title, otherwise) => {
      const whole = slug(title) ?? otherwise;
      const cut = whole.length <= LONGEST ? whole : whole.slice(0, Math.max(12, whole.lastIndexOf('-', LONGEST)));
      const wanted = cut.replace(/-+$/, '');
      let id = wanted;
      for (let count = 2; taken.has(id); count += 1) id = `${wanted}-${count}`;
      taken.add(id);
      return id;
    },
  };
}
