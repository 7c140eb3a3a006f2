/** An object each of whose methods fails once, as a statement does on a connection that breaks, and works from then on. */
export function flaky<T extends object>(target: T): T {
  const failed = new Set<PropertyKey>()
  return new Proxy(target, {
    get: (_, name) => {
      const value: unknown = Reflect.get(target, name, target)
      if (typeof value !== 'function') return value
      return (...args: unknown[]): unknown => {
        if (failed.has(name)) return Reflect.apply(value, target, args)
        failed.add(name)
        return Promise.reject(new Error('sorry, too many clients already'))
      }
    },
  })
}
