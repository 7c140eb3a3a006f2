/** Where a pipeline keeps what it must not forget. Its text is JSON, for a person to read; it holds no secret. */
export interface PipelineState {
  /** What was kept last; undefined before the first time. */
  load(): Promise<string | undefined>
  /** Keeps a text so that it is there after a crash, in place of the one before. */
  save(text: string): Promise<void>
  /**
   * Keeps other processes from running with this state, where there is a way to; asked before `load`.
   * @throws GevulotError CLIENT_PIPELINE_RUNNING
   */
  lock?(): Promise<{ release(): Promise<void> }>
}
