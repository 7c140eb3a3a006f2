import type { ReactNode } from 'react'
import { fromChain, utc } from '../format.js'
import type { Step } from '../answers.js'
import { Scroller } from '../parts/Scroller.js'

/** Every event as the chain has it. */
export function Events({ story }: { readonly story: readonly Step[] }): ReactNode {
  return (
    <li className="card">
      <details>
        <summary>All {story.length} events, as the contracts have them</summary>
        <Scroller label="Events in order">
          <table>
            <caption className="hidden">Events in order</caption>
            <thead>
              <tr>
                <th scope="col">Event</th>
                <th scope="col">Block</th>
                <th scope="col" className="wide">Time</th>
                <th scope="col" className="wide">Transaction</th>
                <th scope="col">Arguments</th>
              </tr>
            </thead>
            <tbody>
              {story.map((step, index) => (
                <tr key={index}>
                  <td>{step.name}</td>
                  <td>{step.block}</td>
                  <td className="wide when">{utc(step.time)}</td>
                  <td className="wide"><code>{step.transaction.slice(0, 12)}…</code></td>
                  <td className="small whole"><bdi>{fromChain(argumentsOf(step), 400)}</bdi></td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroller>
      </details>
    </li>
  ) // prettier-ignore
}

function argumentsOf({ args }: Step): string {
  const shown = Object.entries(args).filter(([name]) => name !== 'workload')
  return shown
    .map(([name, value]) => `${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' · ')
}
