// Reads `--name value` pairs of the example's programs; says which are known when one is not.

/** @param {Record<string, string>} defaults name → default; every value stays a string. */
export function readArguments(defaults) {
  const given = { ...defaults };
  const words = process.argv.slice(2);
  const rest = [];
  for (let at = 0; at < words.length; at += 1) {
    const name = words[at].startsWith('--') ? words[at].slice(2) : null;
    if (name === null) rest.push(words[at]);
    else if (!(name in defaults) || words[at + 1] === undefined)
      refuse(`--${name} is not known or has no value. Known: --${Object.keys(defaults).join(', --')}`);
    else {
      at += 1;
      given[name] = words[at];
    }
  }
  return { ...given, rest };
}

export function refuse(sentence, code = 2) {
  process.stderr.write(`${sentence}\n`);
  process.exit(code);
}
