// The few icons of the war room: state is always shape and word too, never colour alone.
import { Markup } from './markup.ts';

const PATHS = {
  check: '<path d="M3.5 8.5l3 3 6-7"/>',
  cross: '<path d="M4 4l8 8M12 4l-8 8"/>',
  dot: '<circle cx="8" cy="8" r="4" fill="currentColor"/>',
  ring: '<circle cx="8" cy="8" r="4.5"/>',
  half: '<circle cx="8" cy="8" r="5"/><path d="M8 3a5 5 0 0 1 0 10z" fill="currentColor"/>',
  person: '<circle cx="8" cy="5.2" r="2.4"/><path d="M3.2 13c.6-2.9 2.5-4.2 4.8-4.2s4.2 1.3 4.8 4.2"/>',
  question: '<path d="M5.6 6a2.4 2.4 0 1 1 3.5 2.1c-.8.4-1.1.9-1.1 1.7"/><path d="M8 12.4v.1"/>',
  skip: '<path d="M3 4l5 4-5 4zM9 4l5 4-5 4z"/>',
  back: '<path d="M6.5 4L3 7.2l3.5 3.2M3.2 7.2h6.2a3.2 3.2 0 0 1 0 6.4H7"/>',
  pause: '<path d="M5.5 3.5v9M10.5 3.5v9" stroke-width="2.4"/>',
  play: '<path d="M5 3.5v9l7-4.5z" fill="currentColor"/>',
  warn: '<path d="M8 2.6l6 10.6H2z"/><path d="M8 6.6v3M8 11.3v.1"/>',
  minus: '<path d="M4 8h8"/>',
  arrow: '<path d="M3 8h9M8.5 4.5L12 8l-3.5 3.5"/>',
} as const;
export type Icon = keyof typeof PATHS;

export function icon(name: Icon): Markup {
  return new Markup(
    `<svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">${PATHS[name]}</svg>`,
  );
}
