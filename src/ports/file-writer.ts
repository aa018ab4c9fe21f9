// Files that others read and that Belay writes: there as a whole or not at all, and still their owner's.

export interface FileWriter {
  /**
   * The whole file in one rename, durable when it resolves. Where there is one, its owner, group and rights stay, and a link is followed.
   * False: `unchanged`, asked right before the rename, said no, and nothing was replaced.
   * @throws BELAY_TARGET_UNREACHABLE, BELAY_DISK_FULL (both effect none; unknown when it was replaced and the disk may not keep it)
   */
  replace(
    path: string,
    text: string,
    o: {
      /** The rights of one that is new; without them it must be there. */
      readonly mode?: number;
      readonly unchanged?: () => Promise<boolean>;
      /** What people look at when it cannot be written. */
      readonly hint: string;
    },
  ): Promise<boolean>;
  /**
   * Durable when it resolves; nothing happens where there is none.
   * @throws BELAY_TARGET_UNREACHABLE (effect none; unknown when it is gone and the disk may not keep that)
   */
  remove(path: string, o: { readonly hint: string }): Promise<void>;
}
