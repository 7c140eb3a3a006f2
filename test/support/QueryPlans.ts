import type {
  KyselyPlugin,
  PluginTransformQueryArgs,
  PluginTransformResultArgs,
  QueryResult,
  RootOperationNode,
  UnknownRow,
} from 'kysely'

/** Has a database say how it would answer each question, in the place of the answer, which is none. */
export class QueryPlans implements KyselyPlugin {
  /** How, by question. */
  readonly all: string[] = []

  transformQuery({ node }: PluginTransformQueryArgs): RootOperationNode {
    if (node.kind !== 'SelectQueryNode') throw new TypeError(`only questions can be explained, not ${node.kind}`)
    return { ...node, explain: { kind: 'ExplainNode' } }
  }

  transformResult({ result }: PluginTransformResultArgs): Promise<QueryResult<UnknownRow>> {
    this.all.push(result.rows.map((row) => String(row['QUERY PLAN'])).join('\n'))
    return Promise.resolve({ ...result, rows: [] })
  }
}
