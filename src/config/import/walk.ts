// One section of the document into the runbook: what is to be done becomes steps and boxes, the rest stays where it stood.
import type { Code, List, ListItem, Paragraph, RootContent } from 'mdast';
import { boxesOf, hasBoxes, isCommands, numberedLines, partsOf } from './fences.ts';
import { takeFact, takeItem, takeProhibition, takeTable } from './notice.ts';
import type { Section } from './sections.ts';
import { takeTemplate } from './templates.ts';
import { fenceAround, fenceOf, isOpenHtml, lineOf, oneLine, rawOf, sayingOf, sliceOf } from './text.ts';
import type { Topic } from './topics.ts';
import { bareText, isGenericLabel, isImperative, isProhibition, topicOf } from './topics.ts';
import type { Walk } from './walking.ts';

export function walkSection(section: Section, walk: Walk): void {
  const { body } = walk;
  walk.label = null;
  walk.topic = section.topic;
  if (section.depth > 0) {
    if (section.isStep) body.step(section.title, section.line);
    else body.phase(section.title, section.line);
    takeFact(section.title, section.line, walk);
  }
  for (const node of section.nodes) {
    take(node, walk, section.topic);
    if (node.type !== 'paragraph') walk.label = null;
    if (node.type !== 'paragraph') walk.topic = section.topic;
  }
  // A heading that only shows program text tells people to do what it is called.
  if (section.topic === 'procedure' && body.stepId === null && section.depth >= 3 && section.nodes.some(isShown))
    body.demandStep(section.line, null);
}

function isShown(node: RootContent): boolean {
  return node.type === 'code' && /^(?:js|javascript|ts|typescript|ya?ml|json|toml|ini|env)$/i.test(node.lang ?? '');
}

function take(node: RootContent, walk: Walk, topic: Topic): void {
  const { body, source } = walk;
  switch (node.type) {
    case 'paragraph':
      paragraph(node, walk, topic);
      return;
    case 'list':
      list(node, walk);
      return;
    case 'code':
      fence(node, walk);
      return;
    case 'table':
      takeTable(node, walk);
      body.text(sliceOf(node, source));
      return;
    case 'thematicBreak':
      return;
    case 'heading':
      body.text(`**${sayingOf(node, source)}**`);
      return;
    case 'yaml':
      body.text(fenceAround(node.value, 'yaml'));
      return;
    case 'html':
      body.text(isOpenHtml(node.value) ? fenceAround(node.value, 'html') : sliceOf(node, source));
      return;
    default:
      for (const [index, line] of rawOf(node, source).split('\n').entries()) takeProhibition(line, lineOf(node) + index, walk);
      body.text(sliceOf(node, source));
  }
}

/** Words alone; those that end in a colon announce what comes. */
function paragraph(node: Paragraph, walk: Walk, topic: Topic): void {
  const said = sayingOf(node, walk.source);
  const line = lineOf(node);
  const isBold = node.children.length === 1 && node.children[0]?.type === 'strong';
  if ((said.endsWith(':') || isBold) && said.length <= 120) {
    walk.label = { text: said.replace(/:$/, ''), line };
    walk.topic = topicOfLabel(said, topic);
  } else {
    walk.label = null;
    walk.topic = topic;
    for (const [index, one] of rawOf(node, walk.source).split('\n').entries()) {
      takeProhibition(one, line + index, walk);
      takeFact(one, line + index, walk);
    }
  }
  walk.body.text(sliceOf(node, walk.source));
}

/** "Start it when any of these holds:" below a section of triggers is still about triggers. */
function topicOfLabel(said: string, topic: Topic): Topic {
  const own = topicOf(said);
  return own === null || (own === 'procedure' && topic !== 'notes') ? topic : own;
}

const TOLD: ReadonlySet<Topic> = new Set([
  'triggers',
  'never',
  'require',
  'roles',
  'contacts',
  'messages',
  'evidence',
  'postmortem',
  'notes',
]);

function list(node: List, walk: Walk): void {
  const isTasks = node.children.some((item) => typeof item.checked === 'boolean');
  if (isTasks || hasTasksInside(node)) tasks(node, walk);
  else if (TOLD.has(walk.topic)) told(node, walk);
  else if (node.ordered === true) ordered(node, walk);
  else bullets(node, walk);
}

function hasTasksInside(node: List): boolean {
  return node.children.some((item) =>
    item.children.some((child) => child.type === 'list' && child.children.some((one) => typeof one.checked === 'boolean')),
  );
}

/** A list about something else than what is done: it stays, and says what it says. */
function told(node: List, walk: Walk): void {
  for (const item of node.children) {
    const sayings = sayingsOf(item, walk);
    // An item with items of its own is their heading.
    for (const { text, line } of sayings.length > 1 ? sayings.slice(1) : sayings) takeItem(text, line, walk);
  }
  walk.body.text(sliceOf(node, walk.source));
}

/** Every saying of an item and of those inside it. */
function sayingsOf(item: ListItem, walk: Walk): readonly { readonly text: string; readonly line: number }[] {
  return item.children.flatMap((child) => {
    if (child.type === 'paragraph') return [{ text: oneLine(rawOf(child, walk.source)), line: lineOf(child) }];
    return child.type === 'list' ? child.children.flatMap((one) => sayingsOf(one, walk)) : [];
  });
}

/** Numbered items are steps; below words that announce one thing they are its boxes. */
function ordered(node: List, walk: Walk): void {
  const label = walk.label !== null && !isGenericLabel(walk.label.text) ? walk.label : null;
  const isFlat = node.children.every((item) => item.children.length <= 1);
  if (label !== null && isFlat) {
    walk.body.demandStep(label.line, label.text);
    for (const item of node.children) itemBox(item, walk);
    return;
  }
  for (const item of node.children) itemStep(item, walk);
}

function itemStep(item: ListItem, walk: Walk): void {
  const [head, ...rest] = item.children;
  const text = head?.type === 'paragraph' ? sayingOf(head, walk.source) : '';
  walk.body.step(text === '' ? 'Step' : text, lineOf(item));
  takeFact(text, lineOf(item), walk);
  takeProhibition(text, lineOf(item), walk);
  const asks = rest.some((child) => child.type === 'list');
  if (!asks || text.length > 90) walk.body.text(asks ? text : '');
  if (!asks) boxOrWarning(text, lineOf(item), walk, true);
  for (const child of head?.type === 'paragraph' ? rest : item.children) within(child, walk);
}

/** What stands inside an item that is a step. */
function within(child: ListItem['children'][number], walk: Walk): void {
  if (child.type === 'list') for (const one of child.children) itemBox(one, walk);
  else take(child, walk, 'procedure');
}

function itemBox(item: ListItem, walk: Walk): void {
  for (const child of item.children) {
    if (child.type === 'paragraph') boxOrWarning(oneLine(rawOf(child, walk.source)), lineOf(child), walk);
    else within(child, walk);
  }
}

/** A prohibition is nothing to tick. */
function boxOrWarning(text: string, line: number, walk: Walk, always = false): void {
  const isWarning = takeProhibition(text, line, walk);
  takeFact(text, line, walk);
  if (isWarning && !always && !isImperative(text)) walk.body.text(`* ${text}`);
  else {
    walk.body.box(text, line);
    for (const [, command] of text.matchAll(/`([^`]+)`/g))
      if (command !== undefined && isCommands('', command)) walk.body.command(command, line);
  }
}

/** Bullets that tell people to do something are boxes of a step; others stay. */
function bullets(node: List, walk: Walk): void {
  const isAsked = walk.label !== null && /checklist|valid|verific|(?<!\p{L})a[çc][õo]es|actions|passos|steps/iu.test(walk.label.text);
  const asks = (item: ListItem): boolean => {
    const [head] = item.children;
    const text = head?.type === 'paragraph' ? oneLine(rawOf(head, walk.source)) : '';
    return text !== '' && !isProhibition(text) && (isAsked || isImperative(text));
  };
  if (!node.children.some(asks)) {
    told(node, walk);
    return;
  }
  walk.body.demandStep(walk.label?.line ?? lineOf(node), walk.label?.text ?? null);
  for (const item of node.children) {
    if (asks(item)) itemBox(item, walk);
    else {
      for (const { text, line } of sayingsOf(item, walk)) takeItem(text, line, walk);
      walk.body.text(sliceOf(item, walk.source).replace(/^[-+]\s/, '* '));
    }
  }
}

/** Boxes of GitHub's kind. Numbered items around them are steps. */
function tasks(node: List, walk: Walk): void {
  if (node.ordered === true || hasTasksInside(node)) {
    for (const item of node.children) itemStep(item, walk);
    return;
  }
  walk.body.demandStep(walk.label?.line ?? lineOf(node), walk.label?.text ?? null);
  for (const item of node.children) itemBox(item, walk);
}

function fence(node: Code, walk: Walk): void {
  const { body } = walk;
  const tag = node.lang ?? '';
  const first = lineOf(node) + 1;
  if (hasBoxes(node.value) && !/^(?:markdown|md)$/i.test(tag)) {
    boxes(node, walk);
    return;
  }
  if (/^(?:markdown|md)$/i.test(tag) || (tag === '' && walk.topic === 'messages' && !isCommands(tag, node.value))) {
    if (!takeTemplate(node.value, first, walk)) body.text(fenceOf(node));
    return;
  }
  if (isCommands(tag, node.value) && !SILENT.has(walk.topic)) commands(node, walk);
  else {
    lines(node, walk);
  }
}

const SILENT: ReadonlySet<Topic> = new Set(['triggers', 'roles', 'contacts', 'messages', 'postmortem']);

/** A fence of plain words: numbered lines that tell people to do something are boxes. */
function lines(node: Code, walk: Walk): void {
  const { body } = walk;
  const first = lineOf(node) + 1;
  const isProse = (node.lang ?? '') === '' || /^(?:text|txt)$/i.test(node.lang ?? '');
  const asked = isProse && !SILENT.has(walk.topic) ? numberedLines(node.value).filter((one) => isImperative(one.text)) : [];
  if (asked.length > 0) body.demandStep(walk.label?.line ?? first, asked.length > 1 ? (walk.label?.text ?? null) : null);
  body.text(fenceOf(node));
  for (const { line, text } of asked) body.box(text, first + line);
  for (const [index, text] of node.value.split('\n').entries()) {
    if (!isProse) break;
    takeFact(text, first + index, walk);
    takeProhibition(text, first + index, walk);
  }
}

/** `[ ] 1. TITLE` with what stands below: a step each. */
function boxes(node: Code, walk: Walk): void {
  const { body } = walk;
  const first = lineOf(node) + 1;
  const { before, boxes: found } = boxesOf(node.value);
  if (before.some((line) => line.trim() !== '')) body.text(fenceAround(before.join('\n').trim(), 'text'));
  for (const box of found) {
    const title = bareText(box.title);
    body.step(title === '' ? box.title : title, first + box.line);
    takeFact(box.title, first + box.line, walk);
    takeProhibition(box.title, first + box.line, walk);
    let rest: string[] = [];
    const flush = (): void => {
      if (rest.some((line) => line.trim() !== '')) body.text(fenceAround(rest.join('\n').replace(/^\n+|\n+$/g, ''), 'text'));
      rest = [];
    };
    for (const { line, text } of box.body) {
      const [, said] = /^\s*(?:[-*+•]|\d{1,2}[.)])\s+(\S.*)$/.exec(text) ?? [];
      if (said === undefined) {
        rest.push(text);
        if (isCommands('', text.trim())) body.command(text.trim(), first + line);
        continue;
      }
      flush();
      boxOrWarning(said, first + line, walk);
      const [, command = said] = /^[\p{L} ]{2,20}:\s+(.+)$/u.exec(said) ?? [];
      if (isCommands('', command)) body.command(command, first + line);
    }
    flush();
  }
}

/** Commands stay inert below the step; each comment above some of them is a box. */
function commands(node: Code, walk: Walk): void {
  const { body } = walk;
  const first = lineOf(node) + 1;
  const parts = partsOf(node.value);
  const isNumbered = body.stepId === null && parts.filter((part) => part.number !== null).length >= 2;
  if (!isNumbered) {
    body.demandStep(walk.label?.line ?? first, walk.label !== null && !isGenericLabel(walk.label.text) ? walk.label.text : null);
    body.text(fenceOf(node));
    for (const part of parts) partBoxes(part, first, walk);
    return;
  }
  for (const part of parts) {
    const isWarning = part.comment !== null && part.commands.length === 0 && isProhibition(part.comment);
    if (part.number !== null && !isWarning) body.step(part.comment ?? 'Step', first + part.line);
    else body.demandStep(first + part.line, part.comment);
    body.text(fenceAround(part.lines.join('\n'), node.lang ?? ''));
    partBoxes(part, first, walk);
  }
}

function partBoxes(part: ReturnType<typeof partsOf>[number], first: number, walk: Walk): void {
  const { body } = walk;
  const said = part.comment;
  const isWarning = said !== null && takeProhibition(said, first + part.line, walk) && part.commands.length === 0;
  if (said !== null && !isWarning) body.box(said, first + part.line);
  if (said !== null) takeFact(said, first + part.line, walk);
  for (const note of part.notes) takeProhibition(note.text, first + note.line, walk);
  for (const { line, text } of part.commands) {
    if (said === null && isCommands('', text)) body.box(`\`${text.replaceAll('`', "'")}\``, first + line);
    body.command(text, first + line);
  }
}
