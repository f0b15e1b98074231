// A client of the GDB remote protocol, as much of it as single-stepping qemu-user takes: registers, memory, step.
import { connect, type Socket } from 'node:net';

/** Why the target stopped: the signal in GDB's numbering, or that the process has exited. */
export type GdbStop = { readonly kind: 'signal'; readonly signal: number } | { readonly kind: 'exited' };

/** Signals in GDB's numbering. */
export const GDB_SIGNAL = { ill: 4, trap: 5, bus: 10, segv: 11 } as const;

export class GdbClient {
  readonly #socket: Socket;
  #received = '';
  #waiting: { resolve: (packet: string) => void; reject: (error: Error) => void } | undefined;
  #closed: Error | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('latin1');
    socket.on('data', (data: string) => this.#receive(data));
    socket.on('error', (error) => this.#close(error));
    socket.on('close', () => this.#close(new Error('the GDB stub closed the connection')));
  }

  /** Connects to a stub that listens on a Unix socket. */
  static async connect(path: string): Promise<GdbClient> {
    const socket = connect(path);
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return new GdbClient(socket);
  }

  /** The raw register file of the target, little-endian. */
  async registers(): Promise<Uint8Array> {
    return fromHex(await this.#request('g'));
  }

  async setRegisters(bytes: Uint8Array): Promise<void> {
    await this.#request(`G${toHex(bytes)}`, 'OK');
  }

  /** The numbers of registers beyond the raw file, by name, as far as the target describes them by number. */
  async registerNumbers(): Promise<ReadonlyMap<string, number>> {
    const numbers = new Map<string, number>();
    for (const [, file = ''] of (await this.#document('target.xml')).matchAll(/include href="([^"]+)"/g))
      for (const [, name = '', number] of (await this.#document(file)).matchAll(/name="(\w+)"[^>]*regnum="(\d+)"/g))
        numbers.set(name, Number(number));
    return numbers;
  }

  /** One register of 64 bits, by its number. A target answers after its description was read. */
  async register(number: number): Promise<bigint> {
    return Buffer.from(fromHex(await this.#request(`p${number.toString(16)}`))).readBigUInt64LE();
  }

  async setRegister(number: number, value: bigint): Promise<void> {
    const bytes = new Uint8Array(new BigUint64Array([value]).buffer);
    await this.#request(`P${number.toString(16)}=${toHex(bytes)}`, 'OK');
  }

  /** A document of the target's description. */
  async #document(name: string): Promise<string> {
    let text = '';
    for (;;) {
      const part = await this.#request(`qXfer:features:read:${name}:${text.length.toString(16)},800`);
      text += part.slice(1);
      if (part[0] !== 'm') return text;
    }
  }

  async read(address: number, length: number): Promise<Uint8Array> {
    const bytes = fromHex(await this.#request(`m${address.toString(16)},${length.toString(16)}`));
    if (bytes.length !== length) throw new Error(`the stub gave ${bytes.length} of ${length} bytes`);
    return bytes;
  }

  async write(address: number, bytes: Uint8Array): Promise<void> {
    await this.#request(`M${address.toString(16)},${bytes.length.toString(16)}:${toHex(bytes)}`, 'OK');
  }

  /** Executes one instruction. A signal that it raised is not delivered: the target stays where it was. */
  step(): Promise<GdbStop> {
    return this.#resume('s');
  }

  /** Runs until the instruction at `address` is next, or the target stops for another reason. */
  async runTo(address: number): Promise<GdbStop> {
    await this.#request(`Z0,${address.toString(16)},2`, 'OK');
    const stop = await this.#resume('c');
    if (stop.kind === 'signal') await this.#request(`z0,${address.toString(16)},2`, 'OK');
    return stop;
  }

  async #resume(command: 's' | 'c'): Promise<GdbStop> {
    const reply = await this.#request(command);
    if (/^[WX]/.test(reply)) return { kind: 'exited' };
    const [, signal] = /^[ST]([0-9a-f]{2})/.exec(reply) ?? [];
    if (signal === undefined) throw new Error(`the stub answered '${command}' with '${reply}'`);
    return { kind: 'signal', signal: Number.parseInt(signal, 16) };
  }

  close(): void {
    this.#socket.destroy();
  }

  async #request(command: string, expected?: string): Promise<string> {
    if (this.#closed) throw this.#closed;
    const reply = new Promise<string>((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
    this.#socket.write(frame(command), 'latin1');
    const packet = await reply;
    const failed = expected === undefined ? /^E[0-9a-f]{2}$/.test(packet) : packet !== expected;
    if (failed) throw new Error(`the stub answered '${command.slice(0, 40)}' with '${packet}'`);
    return packet;
  }

  #receive(data: string): void {
    this.#received += data;
    const [whole, packet] = /\$([^#]*)#[0-9a-f]{2}/.exec(this.#received) ?? [];
    if (whole === undefined || packet === undefined) return;
    this.#received = '';
    this.#waiting?.resolve(packet);
    this.#waiting = undefined;
  }

  #close(error: Error): void {
    this.#closed ??= error;
    this.#waiting?.reject(error);
  }
}

function frame(command: string): string {
  const sum = [...command].reduce((total, character) => total + character.charCodeAt(0), 0) & 0xff;
  // The answer before is acknowledged together with the next request.
  return `+$${command}#${sum.toString(16).padStart(2, '0')}`;
}

function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}

function fromHex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'hex'));
}
