/** One server-sent event. */
export interface Frame {
  id: string | null;
  type: string;
  data: string;
}

/** Cuts a stream of text into server-sent events (the HTML standard, "Interpreting an event stream"). */
export class FrameReader {
  private rest = '';
  private id: string | null = null;
  private type = '';
  private data: string[] = [];

  /** Take what came, and return the events that it completes. A frame with an id and no data only moves the id on. */
  take(text: string): Frame[] {
    const lines = (this.rest + text).split(/\r?\n/);
    this.rest = lines.pop() ?? '';
    const frames: Frame[] = [];
    for (const line of lines) {
      if (line !== '') this.line(line);
      else frames.push(...this.end());
    }
    return frames;
  }

  private line(line: string): void {
    const at = line.indexOf(':');
    if (at === 0) return; // a comment, which is the server's heartbeat
    const field = at < 0 ? line : line.slice(0, at);
    const value = at < 0 ? '' : line.slice(at + 1).replace(/^ /, '');
    if (field === 'data') this.data.push(value);
    else if (field === 'event') this.type = value;
    else if (field === 'id') this.id = value;
  }

  private end(): Frame[] {
    const frame = { id: this.id, type: this.type || 'message', data: this.data.join('\n') };
    this.id = null;
    this.type = '';
    this.data = [];
    return frame.id !== null || frame.data ? [frame] : [];
  }
}
