import type { FileHandle } from 'node:fs/promises'
import type { PlacedFile } from './imageFile.js'

const BLOCK = 4096
const SUPERBLOCK_AT = 1024
const SUPERBLOCK_BYTES = 128
const MAGIC = 0xe0f5e1e2
const NODE_BYTES = 64
// Nodes are numbered in units of 32 bytes from the block of metadata on; ours are of the long form, two units each.
const NODE_UNIT = 32
const S_IFDIR = 0o040000
const S_IFREG = 0o100000
const DIRENT_BYTES = 12
const TYPE_FILE = 1
const TYPE_DIRECTORY = 2

interface Directory {
  readonly kind: 'directory'
  readonly children: Map<string, Node>
  readonly parent: Directory | undefined
  index: number
  block: number
  blocks: readonly Buffer[]
}

interface File {
  readonly kind: 'file'
  readonly file: PlacedFile
  index: number
  readonly block: number
}

type Node = Directory | File

/**
 * Makes an image readable as EROFS too, the format that Linux mounts: a superblock in bytes 1024 to 1151, which the image
 * must not use, and from `at` on the tree. The files' bytes stay where they are. The same files give the same bytes.
 * Format: Linux, Documentation/filesystems/erofs.rst and fs/erofs/erofs_fs.h.
 * @param at The image's end, a multiple of the page.
 */
export async function addErofsIndex(image: FileHandle, files: readonly PlacedFile[], at: number): Promise<void> {
  const nodes = layOut(files)
  const first = at / BLOCK
  const nodeBlocks = Math.ceil((nodes.length * NODE_BYTES) / BLOCK)
  let block = first + nodeBlocks
  const directories: Buffer[] = []
  for (const node of nodes) {
    if (node.kind === 'file') continue
    node.blocks = directoryBlocks(node)
    node.block = block
    block += node.blocks.length
    directories.push(...node.blocks)
  }
  const table = Buffer.alloc(nodeBlocks * BLOCK)
  nodes.forEach((node, index) => writeNode(table.subarray(index * NODE_BYTES), node, index))
  const metadata = Buffer.concat([table, ...directories])
  await image.write(metadata, 0, metadata.length, at)
  await image.write(superblock(nodes.length, block, first), 0, SUPERBLOCK_BYTES, SUPERBLOCK_AT)
}

/** The tree as a list with the root first, every node numbered by its place. */
function layOut(files: readonly PlacedFile[]): Node[] {
  const root = newDirectory(undefined)
  const nodes: Node[] = [root]
  const add = (node: Node): Node => {
    node.index = nodes.push(node) - 1
    return node
  }
  for (const file of files) {
    const parts = file.path.split('/')
    const name = parts.pop() ?? ''
    let directory = root
    for (const part of parts) {
      const next = directory.children.get(part) ?? add(newDirectory(directory))
      if (next.kind === 'file') throw new TypeError(`${file.path} lies below a file`)
      directory.children.set(part, next)
      directory = next
    }
    if (directory.children.has(name)) throw new TypeError(`${file.path} is there twice`)
    directory.children.set(name, add({ kind: 'file', file, index: 0, block: file.offset / BLOCK }))
  }
  return nodes
}

function newDirectory(parent: Directory | undefined): Directory {
  return { kind: 'directory', children: new Map(), parent, index: 0, block: 0, blocks: [] }
}

/** Entries in byte order of their names, each block with its entries first and their names behind them. */
function directoryBlocks(directory: Directory): Buffer[] {
  const entries = [
    { name: Buffer.from('.'), node: directory as Node },
    { name: Buffer.from('..'), node: directory.parent ?? directory },
    ...[...directory.children].map(([name, node]) => ({ name: Buffer.from(name), node })),
  ].sort((a, b) => Buffer.compare(a.name, b.name))
  const blocks: Buffer[] = []
  for (let first = 0; first < entries.length;) {
    let end = first
    for (let used = 0; end < entries.length; end++) {
      used += DIRENT_BYTES + (entries[end]?.name.length ?? 0)
      if (used > BLOCK) break
    }
    const inBlock = entries.slice(first, end)
    const block = Buffer.alloc(BLOCK)
    let nameAt = inBlock.length * DIRENT_BYTES
    inBlock.forEach(({ name, node }, index) => {
      const at = index * DIRENT_BYTES
      block.writeBigUInt64LE(BigInt((node.index * NODE_BYTES) / NODE_UNIT), at)
      block.writeUInt16LE(nameAt, at + 8)
      block.writeUInt8(node.kind === 'directory' ? TYPE_DIRECTORY : TYPE_FILE, at + 10)
      nameAt += name.copy(block, nameAt)
    })
    blocks.push(block)
    first = end
  }
  return blocks
}

function superblock(nodes: number, blocks: number, metaBlock: number): Buffer {
  const bytes = Buffer.alloc(SUPERBLOCK_BYTES)
  bytes.writeUInt32LE(MAGIC, 0)
  bytes.writeUInt8(Math.log2(BLOCK), 12)
  bytes.writeUInt16LE(0, 14) // the root is node 0
  bytes.writeBigUInt64LE(BigInt(nodes), 16)
  bytes.writeUInt32LE(blocks, 36)
  bytes.writeUInt32LE(metaBlock, 40)
  return bytes
}

function writeNode(at: Buffer, node: Node, index: number): void {
  const directory = node.kind === 'directory'
  const permissions = directory || node.file.executable ? 0o555 : 0o444
  at.writeUInt16LE(1, 0) // the long form, plain layout
  at.writeUInt16LE((directory ? S_IFDIR : S_IFREG) | permissions, 4)
  at.writeBigUInt64LE(BigInt(sizeOf(node)), 8)
  at.writeUInt32LE(node.block, 16)
  at.writeUInt32LE(index + 1, 20)
  at.writeUInt32LE(
    directory ? 2 + [...node.children.values()].filter((child) => child.kind === 'directory').length : 1,
    44,
  )
}

function sizeOf(node: Node): number {
  if (node.kind === 'directory') return node.blocks.length * BLOCK
  return node.file.size
}
