import { useEffect, useId, useRef, useState, type KeyboardEvent, type ReactNode } from 'react'
import type { AnswerOf } from '../answers.js'
import { api } from '../api.js'
import { later } from '../clock.js'
import { fromChain, plural, short } from '../format.js'
import { go } from '../router.js'

type Found = AnswerOf<'search'>['results'][number]

const TYPING_MS = 180
/** What the server finds nothing by: it takes three digits of an id. */
const TOO_SHORT = /^(0x?)?[0-9a-f]{0,2}$/i

/** Where a thing that was found is shown. */
function placeOf({ kind, id }: Found): string {
  if (kind === 'program') return `/programs/${id}`
  return kind === 'workload' || kind === 'transaction' ? `/workloads/${id}` : `/accounts/${id}`
}

/** Search for anything with an id; `/` goes to it from everywhere. */
export function Search(): ReactNode {
  const [text, setText] = useState('')
  const [results, setResults] = useState<readonly Found[]>()
  const [chosen, setChosen] = useState(0)
  const field = useRef<HTMLInputElement>(null)
  const list = useId()
  const isOpen = results !== undefined
  const none = TOO_SHORT.test(text.trim())
    ? 'Go on typing: three digits of an id at least.'
    : 'Nothing begins with that.'
  /** Enter was pressed before there was an answer. */
  const isEntered = useRef(false)

  useEffect(() => {
    const begin = (event: globalThis.KeyboardEvent): void => {
      const isTyping = event.target instanceof HTMLElement && /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName)
      if (event.key !== '/' || isTyping || event.metaKey || event.ctrlKey || event.altKey) return
      event.preventDefault()
      field.current?.focus()
    }
    window.addEventListener('keydown', begin)
    return () => window.removeEventListener('keydown', begin)
  }, [])

  useEffect(() => {
    const q = text.trim()
    isEntered.current = false
    if (q === '') {
      setResults(undefined)
      return undefined
    }
    const over = new AbortController()
    const cancel = later(() => {
      api.search({ q: q.slice(0, 80) }, { signal: over.signal }).then(
        (answer) => {
          setResults(answer.results)
          setChosen(0)
          if (isEntered.current) open(answer.results[0])
        },
        () => !over.signal.aborted && setResults([]),
      )
    }, TYPING_MS)
    return () => {
      cancel()
      over.abort()
    }
  }, [text])

  const open = (found: Found | undefined): void => {
    if (found === undefined) return
    setText('')
    setResults(undefined)
    field.current?.blur()
    go(placeOf(found))
  }
  useEffect(() => {
    document.getElementById(`${list}-${chosen}`)?.scrollIntoView({ block: 'nearest' })
  }, [chosen, list])
  const press = (event: KeyboardEvent): void => {
    const size = results?.length ?? 0
    if (event.key === 'Escape' && isOpen) setResults(undefined)
    else if (event.key === 'Escape') setText('')
    else if (event.key === 'Enter' && results === undefined) isEntered.current = true
    else if (event.key === 'Enter') open(results?.[chosen])
    else if (size > 0 && event.key === 'ArrowDown') setChosen((chosen + 1) % size)
    else if (size > 0 && event.key === 'ArrowUp') setChosen((chosen + size - 1) % size)
    else return
    event.preventDefault()
  }
  return (
    <search className="search">
      <input
        ref={field}
        type="text"
        role="combobox"
        aria-label="Search workloads, programs, accounts, seats and transactions"
        aria-expanded={isOpen}
        aria-controls={list}
        aria-autocomplete="list"
        aria-activedescendant={isOpen && results.length > 0 ? `${list}-${chosen}` : undefined}
        placeholder="Search id or seat   /"
        autoComplete="off"
        spellCheck={false}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={press}
        onBlur={() => later(() => setResults(undefined), 150)}
      />
      <span className="hidden" role="status">
        {isOpen && results.length > 0 && plural(results.length, 'result')}
        {isOpen && results.length === 0 && none}
      </span>
      {isOpen && (
        <ul className="results" role="listbox" id={list} aria-label="What was found">
          {results.length === 0 && (
            <li className="none" role="option" aria-selected="false">
              {none}
            </li>
          )}
          {results.map((found, index) => (
            <li
              key={`${found.kind} ${found.id}`}
              id={`${list}-${index}`}
              role="option"
              aria-selected={index === chosen}
              onMouseDown={() => open(found)}
              onMouseMove={() => setChosen(index)}
            >
              <span>{found.kind === 'operator' ? 'prover' : found.kind}</span>
              <LabelOf found={found} />
            </li>
          ))}
        </ul>
      )}
    </search>
  )
}

function LabelOf({ found: { kind, id, label } }: { readonly found: Found }): ReactNode {
  if (kind === 'seat')
    return (
      <b>
        {label}, of {short(id)}
      </b>
    )
  if (kind === 'transaction') return <b className="id">{short(label)}</b>
  return <b className="id">{kind === 'program' && label !== '' ? `${short(id)} ${fromChain(label, 40)}` : short(id)}</b>
}
