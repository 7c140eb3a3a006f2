// With it Aztec's logger writes by itself, without a worker that loads modules a package does not have.
export default false
