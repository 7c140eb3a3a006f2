import type { z } from 'zod'

/** Members of a path or a query: text on the wire. */
export type Fields = Readonly<Record<string, z.ZodType>>

/** One operation of the API, as data: server, OpenAPI document and client are made of it. */
export interface Endpoint<
  Path extends Fields = Fields,
  Query extends Fields = Fields,
  Body extends Fields = Fields,
  Answer extends z.ZodType = z.ZodType,
> {
  readonly method: 'GET' | 'POST'
  /** Members in braces, as OpenAPI writes them: `/v1/workloads/{workload}`. */
  readonly path: string
  readonly summary: string
  /** Whether it needs an API key. */
  readonly key: boolean
  readonly params: Path
  readonly query: Query
  /** Members of the JSON body; none: no body. */
  readonly body: Body
  /** Whether a retry with the same Idempotency-Key is recognised. */
  readonly idempotent: boolean
  readonly status: 200 | 201 | 202
  readonly answer: Answer
  /** What is answered to `Accept: application/octet-stream`, where it can be bytes as well. */
  readonly bytes?: { readonly description: string; readonly headers: Readonly<Record<string, string>> }
}

/** States an endpoint; what is left out is empty. */
export function endpoint<
  Answer extends z.ZodType,
  Path extends Fields = Record<never, never>,
  Query extends Fields = Record<never, never>,
  Body extends Fields = Record<never, never>,
>(
  parts: Pick<Endpoint<Path, Query, Body, Answer>, 'method' | 'path' | 'summary' | 'answer'> &
    Partial<Endpoint<Path, Query, Body, Answer>>,
): Endpoint<Path, Query, Body, Answer> {
  return {
    key: false,
    idempotent: false,
    status: 200,
    params: {} as Path,
    query: {} as Query,
    body: {} as Body,
    ...parts,
  }
}

type Parsed<F extends Fields> = { readonly [Name in keyof F]: z.output<F[Name]> }
type Optional<F extends Fields> = { [Name in keyof F]: undefined extends z.input<F[Name]> ? Name : never }[keyof F]
type Given<F extends Fields> = { readonly [Name in Exclude<keyof F, Optional<F>>]: z.input<F[Name]> } & {
  readonly [Name in Optional<F>]?: z.input<F[Name]>
}

/** What a handler gets: path, query and body, checked. */
export type Input<E extends Endpoint> = Parsed<E['params']> & Parsed<E['query']> & Parsed<E['body']>

/** What a client gives. */
export type Call<E extends Endpoint> = Given<E['params']> & Given<E['query']> & Given<E['body']>

/** What a client gets, and a handler answers. */
export type Answer<E extends Endpoint> = z.output<E['answer']>
