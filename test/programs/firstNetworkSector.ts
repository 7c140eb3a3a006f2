/**
 * The sector of `prover/deployments/window-post-inputs.json` in the first network's repository, made by Filecoin's own library: 512 MiB of zeros,
 * challenged ten times. Numbers as there, in little-endian bytes.
 */
export const FIRST_NETWORK_SECTOR = {
  randomness: new Uint8Array(32).fill(44),
  number: 17_537_938_916_023_967_333n,
  levels: 8,
  commC: '4926ff1ee5b57c9a9fbc782e2d9734b6176d18f6a34a713479e607d825ee1e10',
  commRLast: '7995c84d3fb91b4c0f7466fe0f5373795e808ad7760f63ee203b190596354959',
  commR: 'd895dca068595a7308c43a771b09cc85d494fc756e4eff9401d0f0873833cf2f',
  /** The nodes next to the path at every level: in a sector of zeros all nodes of a level are the same. */
  nodes: [
    '0000000000000000000000000000000000000000000000000000000000000000',
    '3a9bffca31b48234d189b30de60b7c33f529c08b0836a004f98938b614e6793f',
    '643ff4d08bf7d20de2f3cf0506d75cfb763aa239971e24fad179a7970a06ef1f',
    '4b621c74de11ac0ab579dc2f407036f542d689564e5e4bb48b4c70aeaba88435',
    '09be515f7433c609c8ec340bbfc1cb17d16e904ad78a8543ae6fb23bc0242b29',
    '70e790cc8a3732da1688f1681bb0a7114e3000548211c1522df138bcd201ff18',
    '0c235abfbb5cf445d03109e9f54a0eaf5588e8c359193969ea830b7ee4928b63',
    'dc324ae00680eee893a1171c5070be98b290d95312768a8d1211ca4654ab5c2f',
  ],
  /** Which child of eight the path of the first two challenges passes, from the leaf up. */
  paths: [
    [0, 7, 1, 1, 3, 0, 0, 7],
    [3, 6, 7, 4, 7, 3, 6, 4],
  ],
} as const
