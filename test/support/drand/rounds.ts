/** Rounds as drand's quicknet published them: signature and randomness by number. The first ten came one after the other. */
export const ROUNDS: ReadonlyMap<number, { readonly signature: string; readonly randomness: string }> = new Map([
  [
    1000,
    {
      signature: 'b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39',
      randomness: 'fe290beca10872ef2fb164d2aa4442de4566183ec51c56ff3cd603d930e54fdd',
    },
  ],
  [
    1001,
    {
      signature: 'b33bf3667cbd5a82de3a24b4e0e9fe5513cc1a0e840368c6e31f5fcfa79bea03f73896b25883abf2853d10337fb8fa41',
      randomness: 'b0a591ad1b9002cfc372ac6e30abd3da8d3088d4caae026961743474fb94235f',
    },
  ],
  [
    1002,
    {
      signature: 'ab066f9c12dd6de1336fca0f925192fb0c72a771c3e4c82ede1fd362c1a770f9eb05843c6308ce2530b53a99c0281a6e',
      randomness: '339d3f0e702ed27d36966c6ee85a2bc762a24e178e7e5c835d9b5a7509cb920c',
    },
  ],
  [
    1003,
    {
      signature: 'b104c82771698f45fd8dcfead083d482694c31ab519bcef077f126f3736fe98c8392fd5d45d88aeb76b56ccfcb0296d7',
      randomness: '758f0c906d8c5296a032a66f0d96c6e0eeea4291e8fc9830bbfb19a2ba8610a9',
    },
  ],
  [
    1004,
    {
      signature: 'a40658b820c0f8c10207524179a2031ba9537688a0d04e4851b58026be9a341fee3b96fb48ffad28483d84b40a5864aa',
      randomness: '58af22b3402d77c3a0549dcc8a0ea36445b5c6e09dcdd1868e225c64d190a4f7',
    },
  ],
  [
    1005,
    {
      signature: 'b896a4e9ebdb143601d1cdb39aa9357ef27b48d7d3c1c614e14110243850a9ea21fd96e016a5b64c2a2960d1c73abad8',
      randomness: 'f9cf57940dfd9b61e980576f5f9c095d8596208d337a924bf06c1ab04a3796fa',
    },
  ],
  [
    1006,
    {
      signature: '820251ae1f3f819ec339ea2c80c8f44c5fc9b5ce42c75685e33af39ff9a8809359cd1b7539158f73fcece916cca85ded',
      randomness: '97f01b60328810e97f9acd01c9fc0a8123310212b8b82f1338c4d380cde29c7c',
    },
  ],
  [
    1007,
    {
      signature: '994c9dae8790b815d64d0bd263f5d043f777a5d4cc2ca56343dc22844a582434c5111a1f3bfd2cbfb4b074177eba8258',
      randomness: '73834c5bc9c2179fec55e352aedceb37d63233d48177146769b43f01e9bf61c0',
    },
  ],
  [
    1008,
    {
      signature: 'ae1fed99b1562bfd7cabcc6f33c5e4ee9145647228a3321495cee8ce2ae23c1b0c1371c8e880da0d6d9123ff0aa9f8f8',
      randomness: '6cc23b41927d09abd16d09a94e9b8fb027f57043247b34b1c0955cf9e483dc2c',
    },
  ],
  [
    1009,
    {
      signature: '88d9f128dbb0646d8ea1574d27e3405d26bfc1507821e762a33746df8796f2afc4bf0997baf39512cfca5cf5e2d3e04d',
      randomness: '9c846f233e705102451937829f4ae4239a124a83532221080f82cf20aefa55a5',
    },
  ],
  [
    32_285_085,
    {
      signature: '81dbce51d584d90d618547f4b50391d53ace6f6b9aeb8fb67e1879427af9d0310ac0ec6f519271d9a313ee84b378d416',
      randomness: 'd42020c3c65a4ec6adda3a69fdd41a698f31b661859e0e00f1276580a41d67ce',
    },
  ],
  [
    32_285_086,
    {
      signature: 'a64d99fd7fa3e48912be7209c7b69c72c88fc5224be2516949b6f29f3a4b7e3fa069dd58b2bbb4bf2c34ae61ef631a44',
      randomness: '13bfa6a42a5a93d0f642e8d4548c2a94ea71b39585f65fd2842e0484d58d5554',
    },
  ],
  [
    32_398_885,
    {
      signature: '8f6d5ddd520329a4ce9a25db41c0552a5ac04bd56577138cbb0ec2b9326af2b8012c7dc2c5bcddc439d922c93a281d24',
      randomness: 'b6d412641a7d58b20ef5dded4ae48e9358cc35710f90961d8fe6e99d0e0281ef',
    },
  ],
])
