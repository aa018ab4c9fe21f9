-- Who holds a lock says since when and under which token: every taking has a higher one, so what a holder of before still does can be told apart.
alter table belay.part_lock add column token bigint generated always as identity;
alter table belay.part_lock add column taken_at timestamptz not null default now();
