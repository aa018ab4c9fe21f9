-- Silences and maintenance windows. `ends` is when it covers nothing any more; the rest is in the body.
create table belay.silence (
  number integer primary key,
  key text not null unique,
  ends double precision not null,
  body json not null
);
create index silence_ends on belay.silence (ends);
