-- When a release was last seen live in an unbroken row of looks. What was kept before does not say so: it proves nothing beyond its first look.
alter table belay.release_live add column seen_at double precision;
update belay.release_live set seen_at = at;
alter table belay.release_live alter column seen_at set not null;
