-- Counts and last values of counters, many to a row: thousands of scopes change with every delivery, and a row for each of them costs
-- far more than what it says. Tier 0: as they were committed; 1: slots put together; 2: last values put together.
create table belay.signal_page (
  id bigint generated always as identity primary key,
  tier smallint not null,
  -- Of its slots; null where it has none.
  from_slot double precision,
  to_slot double precision,
  body bytea not null
);
create index signal_page_tier on belay.signal_page (tier, id);
-- Bodies are packed already.
alter table belay.signal_page alter column body set storage external;

-- What bodies name by number. A number is never given twice.
create table belay.signal_name (
  id bigint generated always as identity primary key,
  name text collate "C" not null unique
);

-- Slots before `slot` are forgotten, whatever pages still hold; `names` goes on when names are taken away.
create table belay.signal_horizon (
  one boolean primary key default true check (one),
  slot double precision not null,
  names bigint not null
);
insert into belay.signal_horizon (slot, names) values ('-infinity', 0);

-- The same as rows; no version was released that wrote them.
drop table belay.slot;
drop table belay.series;
