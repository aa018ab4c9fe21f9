-- What flags and settings were when a release of a target was live last: marks, as JSON, never a secret.
create table belay.release_surroundings (
  target text not null,
  release text not null,
  seen text not null,
  primary key (target, release)
);
