-- Counts by the minute for looking back: rows are inserted when their slots are forgotten, never updated, and dropped with their day.
-- `day` is the number of days since 1970 (UTC). A body packs up to 256 scopes (their numbers are those of minute_scope on that day).
create table belay.minute (
  day integer not null,
  span_ms integer not null,
  at bigint not null,
  bucket integer not null,
  series text not null,
  body bytea not null
) partition by range (day);
create index minute_place on belay.minute (series, bucket, at);

create table belay.minute_scope (
  day integer not null,
  id integer not null,
  scope text not null,
  primary key (day, scope)
) partition by range (day);
