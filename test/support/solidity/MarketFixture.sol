// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Committee} from "../../../contracts/Committee.sol";
import {GevulotToken} from "../../../contracts/GevulotToken.sol";
import {Market} from "../../../contracts/Market.sol";
import {MarketExtension} from "../../../contracts/MarketExtension.sol";
import {ProverRegistry} from "../../../contracts/ProverRegistry.sol";
import {Qualification} from "../../../contracts/Qualification.sol";
import {Relay} from "../../../contracts/Relay.sol";
import {IMarket, IMarketErrors, IMarketEvents} from "../../../contracts/interfaces/IMarket.sol";
import {IProverRegistry, IProverRegistryTypes} from "../../../contracts/interfaces/IProverRegistry.sol";
import {Terms} from "../../../contracts/libraries/Terms.sol";
import {RequestBuilder, RulesBuilder} from "./Builders.sol";
import {Soundness} from "./Soundness.sol";
import {Test} from "./Test.sol";
import {TestBeacon} from "./TestBeacon.sol";
import {ContentVerifier} from "./Verifiers.sol";
import {Vm} from "./Vm.sol";

/// @title A market with a registry, a beacon, a program and five operators of one seat each
/// @notice Helpers that act (accept, commit, …) make exactly one call, by the right account, so `vm.expectRevert` may stand before them.
abstract contract MarketFixture is Test, IMarketErrors, IMarketEvents {
    using RequestBuilder for Request;
    using RulesBuilder for Rules;

    /// @notice A workload as a test knows it: what everybody can read from the events.
    struct Workload {
        Spec spec;
        bytes32 id;
        uint256 round;
        uint256 epoch;
        uint256 startedAt;
    }

    uint8 internal constant CLASS = 1;
    uint8 internal constant VALIDATORS = 2;
    uint256 internal constant GWEI = 1e9;
    uint256 internal constant START = 1_700_000_000;
    uint256 internal constant EPOCH = 600;
    uint256 internal constant COOLDOWN = 7 days;
    uint256 internal constant RESPONSE = 180;
    uint256 internal constant SILENCE = 1 days;
    uint256 internal constant REVEAL_DELAY = 36;
    uint256 internal constant REVEAL_WINDOW = 600;
    uint256 internal constant CANCEL_DELAY = 120;
    uint256 internal constant BASE_BURN_BPS = 500;
    uint256 internal constant ASSIGN_BOUNTY = 0.01 ether;
    uint256 internal constant SETTLE_BOUNTY = 0.02 ether;
    uint256 internal constant COMMITTEE_BPS = 500;
    uint256 internal constant VERDICT_WINDOW = 900;
    uint256 internal constant MINIMUM_FEE = 0.1 ether;
    uint256 internal constant MINIMUM_RATE = 100_000 * GWEI;
    uint256 internal constant BOND = 1000 ether;
    uint256 internal constant SLASH = 100 ether;
    uint256 internal constant SLASH_BOUNTY = 10 ether;
    uint8 internal constant DECLINE_QUOTA = 4;
    uint32 internal constant VERIFIER_GAS = 300_000;
    uint256 internal constant RUN_TIME = 3000;
    uint256 internal constant FEE = 10 ether;
    uint256 internal constant OPEN_SLOT = 15;
    bytes internal constant PUBLIC_INPUTS = "what the proofs of the tests prove";

    GevulotToken internal token;
    ProverRegistry internal registry;
    MarketExtension internal extension;
    Market internal core;
    Committee internal committee;
    IMarket internal market;
    Relay internal relay;
    Qualification internal qualification;
    TestBeacon internal beacon;
    address internal verifier;
    bytes32 internal program;

    address internal owner = account("owner");
    address internal requester = account("requester");
    address internal keeper = account("keeper");
    address internal alice = account("alice");
    address internal bob = account("bob");
    address internal carol = account("carol");
    address internal dave = account("dave");
    address internal erin = account("erin");

    /// @dev The first seat of an operator, and the operator of every seat, known without a call.
    mapping(address operator => uint256 seat) internal seatOf;
    mapping(uint256 seat => address operator) internal operatorOf;

    mapping(bytes32 proofHash => bytes32 sha256Digest) private _digests;
    mapping(bytes32 program => Pin pin) private _pins;

    Soundness private _soundness;

    /// @dev Asserts the invariants of docs/invariants.md on what a test left behind; every test has it (`npm run checks`).
    modifier sound() {
        _;
        assertSound();
    }

    function setUp() public virtual {
        vm.warp(START);
        vm.roll(1000);
        _deploy();
        watch(keeper);
        address[5] memory operators = [alice, bob, carol, dave, erin];
        for (uint256 i; i < operators.length; ++i) stake(operators[i], 1, 0);
        fund(requester, 1000 ether);
        nextEpoch();
    }

    // ─── Deployment ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    function _deploy() private {
        startLogs();
        token = _newToken();
        uint256 nonce = vm.getNonce(address(this));
        IProverRegistryTypes.Peers memory peers = IProverRegistryTypes.Peers({
            market: vm.computeCreateAddress(address(this), nonce + 2),
            relay: vm.computeCreateAddress(address(this), nonce + 3),
            qualification: vm.computeCreateAddress(address(this), nonce + 4),
            committee: vm.computeCreateAddress(address(this), nonce + 5)
        });
        registry = new ProverRegistry(token, peers, owner, EPOCH, COOLDOWN);
        extension = new MarketExtension(token, IProverRegistry(address(registry)));
        core = new Market(extension, owner);
        market = IMarket(address(core));
        relay = new Relay(address(core), address(registry), peers.qualification, peers.committee);
        qualification = new Qualification(IProverRegistry(address(registry)), owner);
        committee = new Committee(token, market, IProverRegistry(address(registry)), VALIDATORS);
        _soundness = new Soundness(market, registry, committee, token);
        beacon = new TestBeacon();
        verifier = address(new ContentVerifier());
        vm.startPrank(owner);
        if (_opensLists()) {
            market.openList(AccessList.Requesters);
            market.openList(AccessList.Deployers);
        } else {
            market.admit(AccessList.Requesters, requester, true);
            market.admit(AccessList.Deployers, address(this), true);
        }
        registry.setClassBond(CLASS, someBond());
        registry.setClassBond(VALIDATORS, someBond());
        market.addRules(someRules());
        market.setClassTerms(CLASS, someTerms(1));
        vm.stopPrank();
        program = deployProgram(verifier, false);
    }

    /// @dev Ours; tests of other tokens put theirs here.
    function _newToken() internal virtual returns (GevulotToken) {
        return new GevulotToken(address(this), 1e9 ether);
    }

    /// @dev Whether anybody may submit and deploy; else the requester and this contract only.
    function _opensLists() internal pure virtual returns (bool) {
        return true;
    }

    function someBond() internal pure returns (IProverRegistryTypes.ClassBond memory) {
        return
            IProverRegistryTypes.ClassBond({
                bond: uint96(BOND),
                slashBps: 1000,
                bountyBps: 1000,
                declineQuota: DECLINE_QUOTA
            });
    }

    function someRules() internal view returns (Rules memory) {
        return
            Rules({
                responseWindow: uint32(RESPONSE),
                silenceWindow: uint32(SILENCE),
                revealDelay: uint32(REVEAL_DELAY),
                revealWindow: uint32(REVEAL_WINDOW),
                cancelDelay: uint32(CANCEL_DELAY),
                baseBurnBps: uint16(BASE_BURN_BPS),
                assignBounty: uint32(ASSIGN_BOUNTY / GWEI),
                settleBounty: uint32(SETTLE_BOUNTY / GWEI),
                committeeBps: uint16(COMMITTEE_BPS),
                verdictWindow: uint32(VERDICT_WINDOW),
                beacon: address(beacon)
            });
    }

    function someTerms(uint16 rules) internal pure returns (ClassTerms memory) {
        return
            ClassTerms({
                minimumFee: uint32(MINIMUM_FEE / GWEI),
                minimumRate: uint32(MINIMUM_RATE / GWEI),
                rules: rules
            });
    }

    function aProgram(address verifier_, bool bindsProver) internal pure returns (Program memory) {
        return
            Program({
                prover: keccak256("prover package"),
                verifierProgram: keccak256("verifier package"),
                verifier: verifier_,
                verifierGas: VERIFIER_GAS,
                class: CLASS,
                bindsProver: bindsProver
            });
    }

    /// @dev A program without a verifier contract.
    function aJudgedProgram() internal pure returns (Program memory p) {
        p = aProgram(address(0), false);
        p.verifierGas = 0;
    }

    function deployProgram(address verifier_, bool bindsProver) internal returns (bytes32) {
        return deployProgram(aProgram(verifier_, bindsProver));
    }

    function deployProgram(Program memory p) internal returns (bytes32 id) {
        id = market.deployProgram(p, "https://programs.example/test");
        _pins[id] = aPin(p);
    }

    /// @dev What a verification is passed of a program, from the words of the interface and not from the contracts.
    function aPin(Program memory p) internal pure returns (Pin memory) {
        uint256 word = uint256(uint160(p.verifier)) + uint256(p.verifierGas) * 2 ** 160 + uint256(p.class) * 2 ** 192;
        if (p.bindsProver) word += 2 ** 200;
        return Pin(keccak256(abi.encode(p.prover, p.verifierProgram)), word + 2 ** 201);
    }

    /// @dev The pin of a workload's program, known without a call.
    function pinOf(Workload memory w) internal view returns (Pin memory) {
        return _pins[w.spec.program];
    }

    /// @dev New rules, in force for what is submitted from now on.
    function useRules(Rules memory rules) internal returns (uint256 number) {
        vm.prank(owner);
        number = market.addRules(rules);
        vm.prank(owner);
        market.setClassTerms(CLASS, someTerms(uint16(number)));
    }

    // ─── Accounts and seats ─────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev Gives `who` tokens in the market.
    function fund(address who, uint256 amount) internal {
        token.approve(address(market), amount);
        market.deposit(who, amount);
    }

    /// @dev Admits `operator` and stakes seats for it; they are drawable from the next epoch on.
    function stake(address operator, uint256 count, uint256 floor) internal returns (uint256 first) {
        return stakeIn(CLASS, operator, count, floor);
    }

    /// @dev As {stake}, seats of any class.
    function stakeIn(uint8 class, address operator, uint256 count, uint256 floor) internal returns (uint256 first) {
        vm.prank(owner);
        registry.admit(operator, true);
        token.transfer(operator, BOND * count);
        vm.prank(operator);
        token.approve(address(registry), BOND * count);
        vm.prank(operator);
        first = registry.stake(class, count, uint40(floor));
        if (seatOf[operator] == 0) seatOf[operator] = first;
        for (uint256 seat = first; seat < first + count; ++seat) {
            operatorOf[seat] = operator;
            _digests[keccak256(proofOf(seat))] = sha256(proofOf(seat));
            _digests[keccak256(junkOf(seat))] = sha256(junkOf(seat));
        }
    }

    /// @dev `count` more operators of one seat each.
    function stakeMany(uint256 count) internal {
        for (uint256 i; i < count; ++i) {
            stake(account(string.concat("operator ", vm.toString(registry.seatCount()))), 1, 0);
        }
        nextEpoch();
    }

    /// @dev The books are to hold this account's money too. Requesters, operators, reporters and who assigned are known without it.
    function watch(address who) internal {
        _soundness.watch(who);
    }

    function leaveSet(uint256 seat) internal {
        vm.prank(operatorOf[seat]);
        registry.leaveSet(one(seat));
    }

    function nextEpoch() internal {
        warp(block.timestamp + EPOCH);
    }

    function balanceOf(address who) internal view returns (uint256 balance) {
        (balance, , ) = market.accountOf(who);
    }

    /// @dev What is booked to be burned with an account.
    function burnOf(address who) internal view returns (uint256 toBurn) {
        (, , toBurn) = market.accountOf(who);
    }

    // ─── Submit and assign ──────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev The next request of the requester.
    function aRequest() internal view returns (Request memory) {
        (, uint256 nonce, ) = market.accountOf(requester);
        return
            Request({
                program: program,
                inputs: keccak256("inputs manifest"),
                publicInputs: keccak256(PUBLIC_INPUTS),
                deliveryKey: keccak256("delivery key"),
                fee: FEE,
                maxRunTime: RUN_TIME,
                redundancy: 1,
                rescue: 60,
                nonce: nonce,
                inputsUri: "https://inputs.example/test"
            });
    }

    function submit(Request memory request) internal returns (Workload memory w) {
        return submitAs(requester, request);
    }

    function submitAs(address from, Request memory request) internal returns (Workload memory w) {
        vm.prank(from);
        w.id = market.submit(request);
        Vm.Log[] memory logs = takeLogs();
        w.spec = Spec({
            program: request.program,
            inputs: request.inputs,
            publicInputs: request.publicInputs,
            deliveryKey: request.deliveryKey,
            terms: 0,
            requester: from
        });
        (, , , w.spec.terms, ) = abi.decode(logs[logs.length - 1].data, (bytes32, bytes32, bytes32, uint256, string));
        WorkloadState memory state = market.workloadOf(w.id);
        (w.round, w.epoch) = (state.round, state.epoch);
    }

    /// @dev Publishes a value of the workload's round for which its first candidates are `seats`, and assigns. At most four seats.
    function assignTo(Workload memory w, uint256[] memory seats) internal {
        beacon.publish(uint32(w.round), valueFor(w, seats));
        assign(w);
    }

    /// @dev A beacon value for which the first candidates of the workload are `seats`.
    function valueFor(Workload memory w, uint256[] memory seats) internal view returns (bytes32 value) {
        for (uint256 i = 1; i < 5000; ++i) {
            value = bytes32(i);
            bytes32 seed = keccak256(abi.encode(value, w.id));
            uint256[] memory candidates = registry.draw(CLASS, seed, w.epoch, 0, seats.length);
            bool same = candidates.length == seats.length;
            for (uint256 k; same && k < seats.length; ++k) same = uint24(candidates[k]) == seats[k];
            if (same) return value;
        }
        revert("no value draws these seats");
    }

    /// @dev Assigns; the round's value must be published.
    function assign(Workload memory w) internal {
        w.startedAt = block.timestamp;
        vm.prank(keeper);
        market.assign(w.id);
    }

    /// @dev A workload whose slots were just given to `seats`.
    function drawn(Request memory request, uint256[] memory seats) internal returns (Workload memory w) {
        w = submit(request);
        assignTo(w, seats);
    }

    /// @dev A workload of one slot, just given to Alice.
    function drawnToAlice() internal returns (Workload memory) {
        return drawn(aRequest(), one(seatOf[alice]));
    }

    /// @dev A workload of two slots, just given to Alice and Bob.
    function drawnToAliceAndBob() internal returns (Workload memory) {
        return drawn(aRequest().withSlots(2), pair(seatOf[alice], seatOf[bob]));
    }

    // ─── Provers ────────────────────────────────────────────────────────────────────────────────────────────────────────────

    function accept(Workload memory w, uint256 seat) internal {
        vm.prank(operatorOf[seat]);
        market.accept(w.id, seat);
    }

    function decline(Workload memory w, uint256 seat) internal {
        vm.prank(operatorOf[seat]);
        market.decline(w.spec, seat);
    }

    function fail(Workload memory w, uint256 seat, FailReason reason) internal {
        vm.prank(operatorOf[seat]);
        market.fail(w.spec, seat, reason);
    }

    /// @dev Commits to {proofOf}.
    function commit(Workload memory w, uint256 seat) internal {
        vm.prank(operatorOf[seat]);
        market.commit(w.id, seat, commitmentOf(w, seat, proofOf(seat)));
    }

    /// @dev Commits to {junkOf}.
    function commitJunk(Workload memory w, uint256 seat) internal {
        vm.prank(operatorOf[seat]);
        market.commit(w.id, seat, commitmentOf(w, seat, junkOf(seat)));
    }

    /// @dev Commits to {proofOf} on an open slot.
    function commitOpen(Workload memory w, uint256 seat) internal {
        vm.prank(operatorOf[seat]);
        market.commitOpen(w.spec, seat, commitmentOf(w, seat, proofOf(seat)));
    }

    /// @dev Commits to {junkOf} on an open slot.
    function commitOpenJunk(Workload memory w, uint256 seat) internal {
        vm.prank(operatorOf[seat]);
        market.commitOpen(w.spec, seat, commitmentOf(w, seat, junkOf(seat)));
    }

    /// @dev Reveals {proofOf}.
    function reveal(Workload memory w, uint256 seat) internal {
        vm.prank(operatorOf[seat]);
        market.reveal(w.spec, pinOf(w), seat, PUBLIC_INPUTS, proofOf(seat), saltOf(seat));
    }

    /// @dev Reveals {junkOf}.
    function revealJunk(Workload memory w, uint256 seat) internal {
        vm.prank(operatorOf[seat]);
        market.reveal(w.spec, pinOf(w), seat, PUBLIC_INPUTS, junkOf(seat), saltOf(seat));
    }

    function submitProof(Workload memory w, uint256 seat) internal {
        vm.prank(operatorOf[seat]);
        market.submitProof(w.spec, pinOf(w), seat, PUBLIC_INPUTS, proofOf(seat));
    }

    /// @dev A valid proof, of this seat alone.
    function proofOf(uint256 seat) internal pure returns (bytes memory) {
        return abi.encodePacked(keccak256(PUBLIC_INPUTS), seat);
    }

    /// @dev A proof that is not valid.
    function junkOf(uint256 seat) internal pure returns (bytes memory) {
        return abi.encodePacked(bytes32("junk"), seat);
    }

    function saltOf(uint256 seat) internal pure returns (bytes32) {
        return keccak256(abi.encode("salt", seat));
    }

    /// @dev Known beforehand for the proofs above: sha-256 is a call to a precompile, which would use up a `vm.prank`.
    function commitmentOf(Workload memory w, uint256 seat, bytes memory proof) internal view returns (uint160) {
        bytes32 digest = _digests[keccak256(proof)];
        if (digest == 0) digest = sha256(proof);
        return uint160(uint256(keccak256(abi.encode(digest, operatorOf[seat], w.id, seat, saltOf(seat)))));
    }

    // ─── Ends ───────────────────────────────────────────────────────────────────────────────────────────────────────────────

    function settle(Workload memory w, uint256[] memory seats) internal {
        vm.prank(keeper);
        market.settle(w.spec, seats);
    }

    function clear(Workload memory w, uint256[] memory seats) internal {
        vm.prank(keeper);
        market.clear(w.spec, seats);
    }

    function slash(Workload memory w, uint256[] memory seats) internal {
        vm.prank(keeper);
        market.slash(w.spec, seats);
    }

    function cancel(Workload memory w, uint256[] memory seats) internal {
        vm.prank(requester);
        market.cancel(w.spec, seats);
    }

    function release(Workload memory w) internal {
        vm.prank(requester);
        market.release(w.spec);
    }

    /// @dev First second in which reveals are possible, of a workload whose commits are closed or run to the deadline.
    function toReveals(Workload memory w) internal {
        warp(market.workloadOf(w.id).deadline + REVEAL_DELAY + 1);
    }

    /// @dev First second after the reveal window.
    function toRevealsOver(Workload memory w) internal {
        warp(market.workloadOf(w.id).deadline + REVEAL_DELAY + REVEAL_WINDOW + 1);
    }

    /// @dev First second after the silence window.
    function toSilence(Workload memory w) internal {
        warp(w.startedAt + SILENCE + 1);
    }

    // ─── Times ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

    function feeOf(Workload memory w) internal pure returns (uint256) {
        return Terms.wrap(w.spec.terms).fee();
    }

    function responseEnd(Workload memory w) internal pure returns (uint256) {
        uint256 tenth = Terms.wrap(w.spec.terms).maxRunTime() / 10;
        return w.startedAt + (tenth < RESPONSE ? tenth : RESPONSE);
    }

    /// @dev The rescue second of a workload with the usual rescue fraction.
    function rescueAt(Workload memory w) internal pure returns (uint256) {
        return w.startedAt + (Terms.wrap(w.spec.terms).maxRunTime() * 60) / 100;
    }

    function deadlineOf(Workload memory w) internal pure returns (uint256) {
        return w.startedAt + Terms.wrap(w.spec.terms).maxRunTime();
    }

    // ─── Money, from the design and not from the contracts ──────────────────────────────────────────────────────────────────

    function baseBurnOf(uint256 fee) internal pure returns (uint256) {
        return (fee * BASE_BURN_BPS) / 10_000;
    }

    function potOf(uint256 fee) internal pure returns (uint256) {
        return fee - baseBurnOf(fee) - ASSIGN_BOUNTY - SETTLE_BOUNTY;
    }

    /// @dev What rank `rank` (from 1) of `ranks` gets of `pot`: weights 0.8^(rank − 1), in whole numbers 4^(rank−1) · 5^(8−rank).
    function shareOf(uint256 pot, uint256 rank, uint256 ranks) internal pure returns (uint256) {
        uint256 sum;
        for (uint256 k = 1; k <= ranks; ++k) sum += 4 ** (k - 1) * 5 ** (8 - k);
        return (pot * 4 ** (rank - 1) * 5 ** (8 - rank)) / sum;
    }

    // ─── Checks ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

    function observe(Vm.Log[] memory logs) internal override {
        _soundness.takeNote(logs);
    }

    /// @dev The contracts hold what they owe, whatever else is so.
    function assertBooks() internal {
        startLogs();
        _soundness.checkBooks();
    }

    /// @dev All invariants hold. It ends the world: nothing can come after.
    function assertSound() internal virtual {
        startLogs();
        _soundness.check();
    }

    function assertPhase(Workload memory w, Phase phase) internal view {
        assertEq(uint256(market.workloadOf(w.id).phase), uint256(phase), "phase");
    }

    function assertOutcome(Workload memory w, Outcome outcome) internal view {
        assertPhase(w, Phase.Final);
        assertEq(uint256(market.workloadOf(w.id).outcome), uint256(outcome), "outcome");
    }

    function assertSlot(Workload memory w, uint256 seat, SlotState state) internal view {
        assertEq(uint256(market.slotOf(w.id, seat).state), uint256(state), "slot state");
    }

    function assertSeat(uint256 seat, IProverRegistryTypes.SeatStatus status) internal view {
        assertEq(uint256(registry.seatOf(seat).status), uint256(status), "seat status");
    }
}
