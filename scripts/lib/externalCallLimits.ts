/** What limits each call of another contract; {@link externalCallsPage} finds the calls. */
import type { ExternalSite } from './externalSites.js'

/** What limits some calls. */
export interface Entry {
  /** Contract and function of the caller, and the call, each as `Contract.function call`. */
  readonly places: RegExp
  /** Where the code is a package's, whose trees are not looked at. */
  readonly inPackage?: readonly ExternalSite[]
  readonly callee: string
  readonly chosenBy: string
  readonly gas: string
  readonly answer: string
  readonly failure: string
  readonly tests: readonly string[]
}

const BEACON = {
  callee: 'a beacon',
  chosenBy: 'the owner, for what is submitted later',
  gas: '60,000, refused with less (`NotEnoughGas`)',
  answer: 'one word',
}
const TOKEN = {
  callee: 'the token',
  chosenBy: 'the deployer, for ever: ours, without hooks',
  gas: "the caller's own",
  answer: 'one word; an error whole',
}
const OURS = {
  chosenBy: 'the deployer, for ever: ours',
  gas: "the caller's own",
  answer: 'as our own code makes it',
}
const ROLLUP = { chosenBy: 'the deployer, for ever; its code is changed by its own governance' }
const OWN_GAS = "the caller's own: it does nothing else"

export const LIMITS: readonly { readonly title: string; readonly text: string; readonly entries: readonly Entry[] }[] =
  [
    {
      title: 'Beacons',
      text: 'By `BeaconCall`: what fails, burns its gas, answers with too little or with a bomb has not answered ([ADR 49](adr/0049-foreign-calls.md)).',
      entries: [
        {
          ...BEACON,
          places: /^Submission\._submit BeaconCall\./,
          failure:
            '`NoRoundYet`: nothing is submitted. Asked only while the class has no schedule or its clock is in doubt',
          tests: ['test_submit_RevertWhen_TheBeaconAskedIsBad'],
        },
        {
          ...BEACON,
          places: /^Submission\._roundOf /,
          failure:
            '`assignMany` passes the workload over, `assign` reverts with `RoundNotKnown`; after the window for the draw the fee goes back',
          tests: [
            'test_assignMany_ABadBeaconHoldsUpNoNeighbour',
            'test_tryMany_ABadBeaconHoldsUpNoNeighbour',
            'test_assign_RevertWhen_TheBeaconIsBad',
            'test_assignMany_RevertWhen_GasStarved',
          ],
        },
        {
          ...BEACON,
          places: /^Withdrawing\.cancel /,
          failure: '`RoundFixed`: no free cancel; the draw or its end decides about the fee. Withdrawals ask nobody',
          tests: ['test_cancel_ABadBeaconHoldsNoMoney'],
        },
        {
          ...BEACON,
          places: /^RuleBook\.(setClassTerms|_isCounted) BeaconCall\./,
          answer: 'three words; one',
          failure: 'the class has no schedule: its submissions ask',
          tests: ['test_setClassTerms_ABadBeaconHasNoSchedule', 'test_setClassTerms_RevertWhen_GasStarved'],
        },
        {
          ...BEACON,
          places: /^Committee\._fixRound BeaconCall\./,
          failure:
            'the attempt has no round and is opened again, or is lost by time; the third lost one ends the workload',
          tests: [
            'test_open_WhatIsNoRoundIsNone',
            'test_open_ABeaconThatNeverNamesARoundHoldsNothing',
            'test_open_RevertWhen_GasStarved',
          ],
        },
        {
          ...BEACON,
          places: /^Committee\.draw BeaconCall\./,
          failure: '`RoundNotKnown`; the attempt is lost by time',
          tests: ['test_draw_RevertWhen_TheBeaconIsBad'],
        },
        {
          ...BEACON,
          places: /^Qualification\.(open|start) BeaconCall\./,
          failure: '`NoRoundYet`, `RoundMissing`: no check begins, nobody is evicted',
          tests: [
            'test_open_RevertWhen_TheBeaconIsBad',
            'test_start_ABadBeaconEvictsNobody',
            'test_start_RevertWhen_GasStarved',
          ],
        },
        {
          ...BEACON,
          places: /^MarketViewer\.\w+ BeaconCall\./,
          failure: 'the same as in the market; a view',
          tests: ['testFuzz_draw_IsWhatTheMarketDoes'],
        },
        {
          places: /^BeaconCall\./,
          callee: 'a beacon',
          chosenBy: 'whoever calls the library names it',
          gas: '60,000, refused with less',
          answer: 'one word; three of a schedule',
          failure: 'zero: no value, no round, not open, no schedule',
          tests: ['test_assign_RevertWhen_TheBeaconIsBad'],
        },
      ],
    },
    {
      title: 'Verifiers and puzzles',
      text: 'The one kind of contract that anybody can name.',
      entries: [
        {
          places: /^ProgramStore\._verify /,
          callee: "a program's verifier",
          chosenBy: 'whoever deploys the program, for ever: pinned by the hash of its code',
          gas: "the program's, at most 15,000,000; refused with less (`NotEnoughGas`)",
          answer: 'one word',
          failure: 'the proof is not valid',
          tests: [
            'test_verify_AllGasGoneIsNotValid',
            'test_verify_AReturnBombCostsNobodyElse',
            'test_verify_ARevertIsNotValid',
            'test_verify_GivesTheVerifierItsWholeAllowance',
            'test_verify_RevertWhen_GasStarved',
          ],
        },
        {
          places: /^ProofPuzzle\.isSolved /,
          callee: 'the verifier of the puzzle’s program',
          chosenBy: 'the deployer of the puzzle, for ever: pinned by the hash of its code',
          gas: "the program's; refused with less",
          answer: 'one word',
          failure: 'not solved',
          tests: ['test_attack_AMaliciousVerifierSolvesNothing', 'test_attack_StarvingTheVerifierReverts'],
        },
        {
          places: /^Qualification\._isSolved /,
          callee: "a class's puzzle",
          chosenBy: 'the owner, for checks that are opened later',
          gas: '16,000,000',
          answer: 'one word, or 256 bytes of an error',
          failure: '`WrongSolution`, or the beginning of the error: the seat has not answered, nothing is recorded',
          tests: ['test_answer_RevertWhen_ThePuzzleIsBad'],
        },
      ],
    },
    {
      title: 'The token',
      text: 'Every call is the last act of a transaction that is about that payment; what the books say was written before.',
      entries: [
        {
          ...TOKEN,
          places:
            /^(Market\.(withdraw|_deposit)|ProverRegistry\.\w+|Committee\.\w+|Rewards\.\w+) (SafeERC20\.|token\.)/,
          failure: 'the payment does not happen, the books stay as they were',
          tests: ['test_deposit_RevertWhen_NotApproved', 'test_withdraw_PaysOut'],
        },
        {
          ...TOKEN,
          places: /^MarketExtension\.burnFees /,
          failure: 'nothing is burned yet',
          tests: ['test_burnFees_BurnsWhatIsBooked'],
        },
        {
          ...TOKEN,
          places: /^Market\.depositWithPermit /,
          answer: 'nothing is copied',
          failure: 'caught: the allowance decides',
          tests: ['test_depositWithPermit_SurvivesAPermitSentBefore'],
        },
        {
          ...TOKEN,
          places: /^Accounts\.constructor /,
          answer: 'one word',
          failure: 'no deployment',
          tests: ['test_constructor_RevertWhen_TheSupplyDoesNotFit'],
        },
      ],
    },
    {
      title: 'Signed actions and accounts that are contracts',
      text: 'Nobody is called that did not sign, or name a key.',
      entries: [
        {
          places: /^Relay\.(act|actMany|execute) /,
          callee: 'market, registry, qualification, committee, the relay itself',
          ...OURS,
          gas: "the signer's, refused with less (`ActionNeedsGas`); of a submitter key its own",
          failure: 'reverts with the error; a nonce stays unspent',
          tests: [
            'test_execute_RevertWhen_ARelayerStarvesTheCall',
            'test_execute_LeavesTheNonceOfAFailedCall',
            'test_execute_RevertWhen_TheTargetIsAnother',
          ],
        },
        {
          places: /^Relay\.executeMany /,
          callee: 'the relay itself, once for each action',
          chosenBy: 'nobody',
          gas: "the signer's and 150,000, passed over with less",
          answer: '256 bytes',
          failure: 'reported as `ActionFailed`; the others go on',
          tests: ['test_executeMany_ABadItemBlocksNoNeighbour', 'test_executeMany_ABurningWalletTakesNoNeighboursGas'],
        },
        {
          places: /^Relay\._isSigned /,
          callee: 'the account that an action names, if it has code (ERC-1271)',
          chosenBy: 'anybody',
          gas: `${OWN_GAS}; in a batch the item's`,
          answer: 'one word',
          failure: 'not signed',
          tests: [
            'test_execute_TakesWhatAContractAccountAccepts',
            'test_executeMany_ABurningWalletTakesNoNeighboursGas',
          ],
        },
        {
          places: /^EpochBonds\.open SignatureChecker/,
          callee: 'the proposer of a bond, if it has code (ERC-1271)',
          chosenBy: 'anybody',
          gas: OWN_GAS,
          answer: 'one word',
          failure: 'not signed: no bond is opened',
          tests: ['test_open_AContractAccountSigns', 'test_open_RevertWhen_AnotherSigned'],
        },
      ],
    },
    {
      title: "Beside Aztec's rollup",
      text: 'None of these contracts knows the market, nor it them.',
      entries: [
        {
          places: /^EpochBonds\._endOf /,
          callee: 'the view of the rollup, when money moves',
          ...ROLLUP,
          gas: '300,000, refused with less (`TooLittleGas`)',
          answer: 'two words',
          failure: '`Unreadable`; thirty days after the deadline the bond goes back',
          tests: [
            'test_settle_ABrokenRollupKeepsNothing',
            'test_settle_ARollupThatBurnsGasKeepsNothing',
            'test_settle_AViewThatAnswersNonsenseKeepsNothing',
            'testFuzz_settle_TooLittleGasNeverReturnsABrokenBond',
          ],
        },
        {
          places: /^EpochBonds\._check(Slot|Span) /,
          callee: 'the view of the rollup, before a bond is opened',
          ...ROLLUP,
          gas: OWN_GAS,
          answer: 'one or two words; an error whole',
          failure: 'no bond is opened, nothing is locked',
          tests: ['test_open_RevertWhen_TheViewOpensTheSameBond', 'test_open_RevertWhen_TheSpanIsNotTheWholeEpoch'],
        },
        {
          places: /^AztecRollupView\./,
          callee: 'the rollup',
          ...ROLLUP,
          gas: "the bonds' 300,000 where money moves; else the caller's own",
          answer: 'one word each; an error whole',
          failure: 'the question fails with it',
          tests: ['test_settle_ABrokenRollupKeepsNothing'],
        },
        {
          places: /^EpochRelay\.submitAndSettle ForeignCall/,
          callee: 'the rollup, with an epoch’s proof',
          ...ROLLUP,
          gas: "all of the caller's but a 64th, on purpose: with a part kept for the bonds, too little gas would settle them and not post",
          answer: '256 bytes',
          failure:
            'the bonds are settled all the same; without a bond `NothingDone`. A rollup that burns its gas holds up this call only: bonds are settled directly too',
          tests: [
            'test_submitAndSettle_AReturnBombKeepsNoBondWaiting',
            'test_submitAndSettle_ACopyThatWasPostedFirstPreventsNothing',
            'testFuzz_submitAndSettle_TooLittleGasNeverPassesOverABond',
          ],
        },
        {
          places: /^EpochRelay\.submitAndSettle bonds\./,
          callee: 'the bonds',
          ...OURS,
          failure: 'passed over, unless gas was the reason (`TooLittleGas`)',
          tests: ['test_submitAndSettle_PassesOverWhatCannotBeSettled'],
        },
        {
          places: /^DelayedEscrow\./,
          callee: 'the token of the bonds',
          chosenBy: 'the deployer, for ever',
          gas: OWN_GAS,
          answer: 'one word; an error whole',
          failure: 'the payment does not happen, the books stay as they were; bonds end without it',
          tests: ['test_deposit_RevertWhen_TheTokenTakesAPart', 'test_withdraw_ATokenThatCallsBackPaysOnce'],
        },
        {
          places: /^RewardShare\./,
          callee: 'a token',
          chosenBy: 'anybody; each token has books of its own',
          gas: OWN_GAS,
          answer: 'one word; an error whole',
          failure: 'nobody is paid in that token',
          tests: ['test_pay_ATokenThatCallsEarlyPaysNobodyTwice', 'test_pay_TokensDoNotMix'],
        },
        {
          places: /^RewardShares\./,
          callee: 'contracts that it makes',
          chosenBy: 'nobody: the code of shares',
          gas: "the caller's own",
          answer: 'an address',
          failure: 'no share is made',
          tests: ['test_create_StandsWhereItWasForetold'],
        },
      ],
    },
    {
      title: 'Our own contracts',
      text: 'Their addresses are in each other’s code from the deployment on.',
      entries: [
        {
          places: /^(Market|Committee|Qualification|MarketExtension|MarketViewer|RuleStore|ProofPuzzle)\.constructor /,
          callee: 'the contracts a new one is told of',
          ...OURS,
          failure: 'no deployment',
          tests: [
            'test_constructor_RevertWhen_TheRegistryIsAnothers',
            'test_constructor_RevertWhen_TheRegistryNamesAnother',
          ],
        },
        {
          places: /^Market\.fallback /,
          callee: 'the extension (`delegatecall`)',
          ...OURS,
          failure: 'the call ends as the extension ends it',
          tests: ['test_extension_FallbackPassesReturnsAndReverts'],
        },
        {
          places: /^Market\.tryMany /,
          callee: 'the market itself (`delegatecall`), once for each item',
          chosenBy: 'nobody',
          gas: 'all but a 64th; an item that ran out of it ends the batch (`BatchNeedsGas`)',
          answer: '256 bytes of an error',
          failure: 'reported as `ItemFailed`; the others go on',
          tests: ['test_tryMany_ARelayerCannotStarveTheLastItems', 'test_tryMany_ABadBeaconHoldsUpNoNeighbour'],
        },
        {
          places:
            /^(Submission|Proving|Slashing|SlotStore|Withdrawing|RuleBook|Committee|Qualification)\.\w+ registry\./,
          callee: 'the registry',
          ...OURS,
          failure: 'the call fails with it',
          tests: ['test_slash_RevertWhen_NotTheMarket', 'test_drop_RevertWhen_NotTheMarket'],
        },
        {
          places: /^(Committee|Qualification|Rewards|ProverRegistry)\.\w+ (market|ISeatHolder|ISeatQualifier)\./,
          callee: 'market, qualification',
          ...OURS,
          failure: 'the call fails with it',
          tests: ['test_excuse_PutsTheAnswerOff', 'test_claim_MovesRewardsOfEndedEpochsIntoTheMarket'],
        },
        {
          places: /^CommitteeMode\._conclude /,
          callee: 'the committee',
          ...OURS,
          failure: 'the workload is not settled yet; every judging ends by time',
          tests: ['test_settle_OnlyOnceTheVerdictIsFinal', 'test_stall_ThreeSilentCommitteesPayRevealersHalf'],
        },
        {
          places: /^MarketViewer\.\w+ (market|registry|committee)\./,
          callee: 'market, registry, committee',
          ...OURS,
          failure: 'the view fails with it',
          tests: ['test_previewDraw_RevertWhen_ThereIsNothingToDraw'],
        },
        {
          places: /^DrandBeacon\.publish /,
          callee: 'the market that counts rounds',
          ...OURS,
          failure: 'the round is not relayed either, and can be relayed again: what is caught could be starved',
          tests: ['test_publish_IsUndoneWhenTheUserDidNotHear'],
        },
        {
          places: /^ForeignCall\./,
          callee: 'what the library is told',
          chosenBy: 'whoever calls the library',
          gas: 'as told',
          answer: 'one word, two words, or as many bytes as told',
          failure: 'is said to the caller',
          tests: ['test_submitAndSettle_NothingIsPostedWhereNoRollupIs', 'test_submitAndSettle_CutsALongReason'],
        },
        {
          places: /^$/,
          inPackage: [
            { contract: 'Timelock', caller: 'execute', call: 'target.call' },
            { contract: 'Timelock', caller: 'executeBatch', call: 'target.call' },
          ],
          callee: 'what an act of the council names',
          chosenBy: 'the council, in the open for the whole delay',
          gas: OWN_GAS,
          answer: 'whole',
          failure: 'the act stays due and can be executed again',
          tests: [
            'parameters change through the timelock: all calls of an act or none, and within the bounds of the contracts',
          ],
        },
      ],
    },
    {
      title: 'Precompiles and system contracts',
      text: 'Their code is the chain’s: what they cost and return is fixed.',
      entries: [
        {
          places: /^BlockhashBeacon\.value /,
          callee: 'the history of block hashes (EIP-2935)',
          chosenBy: 'nobody',
          gas: '30,000, refused with less (`NotEnoughGas`): else whoever asks could have the round drawn again',
          answer: 'one word',
          failure: 'the round is drawn again from a later block',
          tests: ['test_value_RevertWhen_GasStarved', 'test_value_IsDrawnAgainWhereHistoryAnswersWithZeroOrNonsense'],
        },
        {
          places: /^DrandSignature\./,
          callee: 'precompiles of BLS12-381 and modular exponentiation',
          chosenBy: 'nobody',
          gas: "the caller's own",
          answer: 'as long as the precompile says',
          failure: 'no round is taken',
          tests: ['drand: a chain without the precompiles of EIP-2537 takes no round'],
        },
        {
          places:
            /^(Groth16BlsVerifier|Groth16Verifier|MarlinVerifier|HonkIgnition|HonkDevelopment|HonkProofVerifier)\./,
          callee: 'precompiles of the curves; of bb’s verifiers the contract itself',
          chosenBy: 'nobody',
          gas: "the program's allowance",
          answer: 'as long as the precompile says',
          failure: 'the proof is not valid',
          tests: ['never runs out of gas on a bad proof'],
        },
      ],
    },
  ]
