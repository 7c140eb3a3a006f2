// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DelayedEscrow} from "../../contracts/aztec/DelayedEscrow.sol";
import {EpochBonds} from "../../contracts/aztec/EpochBonds.sol";
import {IAztecRollup} from "../../contracts/aztec/IAztecRollup.sol";
import {IEpochBonds} from "../../contracts/aztec/IEpochBonds.sol";
import {IRollupView} from "../../contracts/aztec/IRollupView.sol";
import {BadBeacon} from "../support/solidity/BadBeacon.sol";
import {BondsFixture} from "../support/solidity/BondsFixture.sol";
import {KeyWallet} from "../support/solidity/Wallets.sol";

/// @title A view of a rollup that, asked who proposes, opens the bond itself
contract OpeningView is IRollupView {
    IRollupView private immutable _rollup;
    EpochBonds private _bonds;
    IEpochBonds.Bond private _bond;
    bytes private _signature;

    constructor(IRollupView rollup) {
        _rollup = rollup;
    }

    function arm(EpochBonds bonds, IEpochBonds.Bond calldata bond, bytes calldata signature) external {
        (_bonds, _bond, _signature) = (bonds, bond, signature);
    }

    function proposerOf(uint256 slot) external returns (address proposer) {
        EpochBonds bonds = _bonds;
        if (address(bonds) != address(0)) {
            _bonds = EpochBonds(address(0));
            bonds.open(_bond, _signature);
        }
        return _rollup.proposerOf(slot);
    }

    function epochOf(uint256 slot) external view returns (uint256 epoch) {
        return _rollup.epochOf(slot);
    }

    function isWhole(Span calldata span) external view returns (bool whole) {
        return _rollup.isWhole(span);
    }

    function deadlineOf(uint256 epoch) external view returns (uint256 timestamp) {
        return _rollup.deadlineOf(epoch);
    }

    function standingOf(Span calldata span, address proverId) external view returns (bool proven, bool byProver) {
        return _rollup.standingOf(span, proverId);
    }
}

contract EpochBondsTest is BondsFixture {
    // ─── Open ───────────────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_open_LocksDepositTipAndBounty() public {
        IEpochBonds.Bond memory bond = aBond();
        vm.expectEmit(address(bonds));
        emit IEpochBonds.Bonded(bonds.idOf(bond), proposer, 0, bond, deadline());
        bytes32 id = open(bond);
        assertEq(balanceOf(proposer), FUNDS - 24 ether, "balance");
        assertEq(bonds.locked(), 24 ether, "locked");
        (IEpochBonds.State state, uint64 until) = bonds.bonds(id);
        assertEq(state, IEpochBonds.State.Open, "state");
        assertEq(until, deadline(), "the rollup's own deadline");
        assertBooks();
    }

    function test_open_AnyoneSendsASignedBond() public {
        IEpochBonds.Bond memory bond = aBond();
        bytes memory signature = sign(bond, PROPOSER_KEY);
        vm.prank(prover);
        bonds.open(bond, signature);
        assertEq(stateOf(bond), IEpochBonds.State.Open, "the prover itself opens what it was promised");
    }

    function test_open_AContractAccountSigns() public {
        IEpochBonds.Bond memory bond = aBond();
        bond.proposer = address(new KeyWallet(proposer));
        rollup.setProposer(bond.slot, bond.proposer);
        fund(bond.proposer, FUNDS);
        bonds.open(bond, sign(bond, PROPOSER_KEY));
        assertEq(stateOf(bond), IEpochBonds.State.Open, "open");
    }

    function test_open_RevertWhen_AnotherSigned() public {
        IEpochBonds.Bond memory bond = aBond();
        bytes memory signature = sign(bond, 0xbad);
        _refuses(bond, signature, abi.encodeWithSelector(IEpochBonds.NotSigned.selector, proposer));
        signature = sign(bond, PROPOSER_KEY);
        bond.tip += 1;
        _refuses(bond, signature, abi.encodeWithSelector(IEpochBonds.NotSigned.selector, proposer));
    }

    function test_open_RevertWhen_TheSameBondWasOpened() public {
        IEpochBonds.Bond memory bond = opened();
        bytes memory again = abi.encodeWithSelector(IEpochBonds.AlreadyBonded.selector, bonds.idOf(bond));
        _refuses(bond, again);
        prove(proverId);
        settle(bond);
        _refuses(bond, again);
    }

    function test_open_RevertWhen_TheViewOpensTheSameBond() public {
        OpeningView opening = new OpeningView(bonds.rollup());
        bonds = new EpochBonds(opening, token, DELAY, LEAST);
        fund(proposer, FUNDS);
        IEpochBonds.Bond memory bond = aBond();
        bytes memory signature = sign(bond, PROPOSER_KEY);
        opening.arm(bonds, bond, signature);
        // Locked twice and ended once, half of it would stay locked for ever.
        _refuses(bond, signature, abi.encodeWithSelector(IEpochBonds.AlreadyBonded.selector, bonds.idOf(bond)));
    }

    function test_open_RevertWhen_ADepositIsTooLow() public {
        IEpochBonds.Bond memory bond = aBond();
        bond.deposit = uint128(LEAST) - 1;
        _refuses(bond, abi.encodeWithSelector(IEpochBonds.DepositTooLow.selector, LEAST - 1, LEAST));
    }

    function test_open_RevertWhen_TheBalanceIsTooLow() public {
        IEpochBonds.Bond memory bond = aBond();
        bond.tip = uint128(FUNDS);
        _refuses(bond, abi.encodeWithSelector(DelayedEscrow.BalanceTooLow.selector, FUNDS, FUNDS + 21 ether));
        bond.tip = type(uint128).max;
        bond.deposit = type(uint128).max;
        bond.bounty = type(uint128).max;
        uint256 most = 3 * uint256(type(uint128).max);
        _refuses(bond, abi.encodeWithSelector(DelayedEscrow.BalanceTooLow.selector, FUNDS, most));
    }

    function test_open_RevertWhen_NobodyIsNamed() public {
        IEpochBonds.Bond memory bond = aBond();
        bond.prover = address(0);
        _refuses(bond, abi.encodeWithSelector(IEpochBonds.NoProver.selector));
        bond = aBond();
        bond.proverId = address(0);
        _refuses(bond, abi.encodeWithSelector(IEpochBonds.NoProver.selector));
    }

    function test_open_RevertWhen_AnotherIsTheSlotsProposer() public {
        IEpochBonds.Bond memory bond = aBond();
        rollup.setProposer(bond.slot, stranger);
        _refuses(bond, abi.encodeWithSelector(IEpochBonds.NotProposer.selector, proposer, stranger));
    }

    function test_open_AnyoneBondsWhereAnyoneProposes() public {
        IEpochBonds.Bond memory bond = aBond();
        rollup.setProposer(bond.slot, address(0));
        bond.proposer = stranger;
        fund(stranger, FUNDS);
        open(bond);
        assertEq(stateOf(bond), IEpochBonds.State.Open, "open");
    }

    function test_open_AProposerOfTheNextEpochMayBond() public {
        IEpochBonds.Bond memory bond = aBond();
        bond.slot = 7;
        open(bond);
        bond.slot = 8;
        _refuses(bond, abi.encodeWithSelector(IEpochBonds.SlotOutOfEpoch.selector, 8, 2, 0));
    }

    function test_open_RevertWhen_ASlotLiesBeforeTheEpoch() public {
        toSlot(8);
        IEpochBonds.Bond memory bond = aBond();
        bond.span.epoch = 1;
        bond.slot = 3;
        _refuses(bond, abi.encodeWithSelector(IEpochBonds.SlotOutOfEpoch.selector, 3, 0, 1));
    }

    function test_open_RevertWhen_TheSpanIsNotTheWholeEpoch() public {
        _refusesSpan(1, 1, bytes32(uint256(1)));
        _refusesSpan(2, 2, bytes32(uint256(2)));
        _refusesSpan(1, 3, bytes32(uint256(5)));
        _refusesSpan(2, 1, bytes32(uint256(1)));
        _refusesSpan(0, 2, bytes32(uint256(2)));
        _refusesSpan(1, 9, bytes32(uint256(2)));
        _refusesSpan(1, 2, bytes32(uint256(7)));
    }

    function test_open_RevertWhen_TheEpochStillRuns() public {
        IEpochBonds.Bond memory bond = aBond();
        warp(rollup.getTimestampForSlot(4) - 1);
        _refuses(bond, abi.encodeWithSelector(IEpochBonds.NotWhole.selector, 0, 1, 2));
    }

    function test_open_RevertWhen_ItCannotBeProvenAnyMore() public {
        IEpochBonds.Bond memory bond = aBond();
        warp(deadline());
        _refuses(bond, abi.encodeWithSelector(IEpochBonds.PastDeadline.selector, block.timestamp, deadline()));
        warp(deadline() - 1);
        open(bond);
    }

    function test_open_RevertWhen_ItIsProvenAlready() public {
        prove(stranger);
        _refuses(aBond(), abi.encodeWithSelector(IEpochBonds.AlreadyProven.selector, 0));
    }

    function test_open_RevertWhen_TheChainIsAnother() public {
        IEpochBonds.Bond memory bond = aBond();
        rollup.invalidate(2);
        _refuses(bond, abi.encodeWithSelector(IEpochBonds.NotWhole.selector, 0, 1, 2));
    }

    function test_constructor_RevertWhen_ADepositMayBeNothing() public {
        IRollupView view_ = bonds.rollup();
        vm.expectRevert(abi.encodeWithSelector(IEpochBonds.DepositTooLow.selector, 0, 1));
        new EpochBonds(view_, token, DELAY, 0);
    }

    // ─── Settle ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_settle_ProvenByTheNamedProver() public {
        IEpochBonds.Bond memory bond = opened();
        prove(proverId);
        assertEq(settle(bond), IEpochBonds.State.Kept, "state");
        assertEq(balanceOf(proposer), FUNDS - 4 ether, "the deposit is back");
        assertEq(balanceOf(prover), 3 ether, "tip");
        assertEq(balanceOf(stranger), 1 ether, "bounty");
        assertEq(bonds.burning(), 0, "nothing burns");
        assertBooks();
    }

    function test_settle_ProvenByOthersReturnsAllButTheBounty() public {
        IEpochBonds.Bond memory bond = opened();
        prove(stranger);
        warp(deadline());
        assertEq(settle(bond), IEpochBonds.State.Covered, "state");
        assertEq(balanceOf(proposer), FUNDS - 1 ether, "deposit and tip");
        assertEq(balanceOf(prover), 0, "no tip");
        assertEq(balanceOf(stranger), 1 ether, "bounty");
        assertBooks();
    }

    /// @dev Somebody else's proof must not let the proposer take the tip back from a prover that is still in time.
    function test_settle_AnEarlySettlementTakesNobodysTip() public {
        IEpochBonds.Bond memory bond = opened();
        prove(stranger);
        vm.expectRevert(abi.encodeWithSelector(IEpochBonds.TooEarly.selector, block.timestamp, deadline()));
        settle(bond);
        prove(proverId);
        warp(deadline() + 365 days);
        assertEq(settle(bond), IEpochBonds.State.Kept, "late or early makes no difference");
        assertEq(balanceOf(prover), 3 ether, "tip");
    }

    function test_settle_UnprovenBurnsTheDepositAndNobodyGains() public {
        IEpochBonds.Bond memory bond = opened();
        warp(deadline() - 1);
        vm.expectRevert(abi.encodeWithSelector(IEpochBonds.TooEarly.selector, block.timestamp, deadline()));
        settle(bond);
        warp(deadline());
        assertEq(settle(bond), IEpochBonds.State.Broken, "state");
        assertEq(balanceOf(proposer), FUNDS - 20 ether, "tip and bounty are back");
        assertEq(balanceOf(prover), 0, "the prover");
        assertEq(balanceOf(stranger), 0, "whoever settles");
        assertBooks();
        assertEq(bonds.burn(), 20 ether, "burned");
        assertEq(token.balanceOf(bonds.BURN_ADDRESS()), 20 ether, "gone");
        assertBooks();
    }

    function test_settle_APartOfTheEpochIsNotTheEpoch() public {
        IEpochBonds.Bond memory bond = opened();
        rollup.submitEpochRootProof(_partBy(proverId));
        vm.expectRevert(abi.encodeWithSelector(IEpochBonds.TooEarly.selector, block.timestamp, deadline()));
        settle(bond);
        prove(stranger);
        warp(deadline());
        assertEq(settle(bond), IEpochBonds.State.Covered, "the named prover proved a part only");
    }

    /// @dev What was pruned is proposed anew with the same numbers: its proof does not save the bond.
    function test_settle_AnotherChainWithTheSameNumbersDoesNotCount() public {
        IEpochBonds.Bond memory bond = opened();
        warp(deadline());
        rollup.propose("other 1");
        toSlot(9);
        rollup.propose("other 2");
        prove(proverId);
        assertEq(rollup.proven(), 2, "as far as the bond says");
        assertEq(settle(bond), IEpochBonds.State.Broken, "but of another chain");
    }

    function test_settle_OnlyOnce() public {
        IEpochBonds.Bond memory bond = opened();
        prove(proverId);
        settle(bond);
        vm.expectRevert(abi.encodeWithSelector(IEpochBonds.NotOpen.selector, IEpochBonds.State.Kept));
        settle(bond);
        bond.bounty += 1;
        vm.expectRevert(abi.encodeWithSelector(IEpochBonds.NotOpen.selector, IEpochBonds.State.None));
        settle(bond);
    }

    function test_settle_SeveralBondsOnOneEpochAreIndependent() public {
        IEpochBonds.Bond memory first = opened();
        IEpochBonds.Bond memory second = aBond();
        second.proverId = account("another identity");
        open(second);
        prove(proverId);
        settle(first);
        warp(deadline());
        assertEq(settle(second), IEpochBonds.State.Covered, "its prover did nothing");
        assertEq(bonds.locked(), 0, "nothing is left");
        assertBooks();
    }

    // ─── A rollup that cannot be read ───────────────────────────────────────────────────────────────────────────────────────

    function test_settle_ABrokenRollupKeepsNothing() public {
        IEpochBonds.Bond memory bond = opened();
        rollup.breakDown(true, false);
        uint256 returnsAt = deadline() + bonds.UNREADABLE_GRACE();
        warp(returnsAt - 1);
        vm.expectRevert(abi.encodeWithSelector(IEpochBonds.Unreadable.selector, block.timestamp, returnsAt));
        settle(bond);
        warp(returnsAt);
        assertEq(settle(bond), IEpochBonds.State.Returned, "state");
        assertEq(balanceOf(proposer), FUNDS, "everything");
        assertBooks();
    }

    function test_settle_ARollupThatBurnsGasKeepsNothing() public {
        IEpochBonds.Bond memory bond = opened();
        rollup.breakDown(false, true);
        warp(deadline() + bonds.UNREADABLE_GRACE());
        assertEq(settle(bond), IEpochBonds.State.Returned, "state");
    }

    /// @dev Attack on a rollup's next release: a view whose answers are none. What cannot be read as yes or no must not keep a bond for ever.
    function test_settle_AViewThatAnswersNonsenseKeepsNothing() public {
        IEpochBonds.Bond memory bond = opened();
        warp(deadline() + bonds.UNREADABLE_GRACE());
        address view_ = address(bonds.rollup());
        for (uint8 mood; mood < 6; ++mood) {
            uint256 start = snapshot();
            vm.etch(view_, address(new BadBeacon(mood)).code);
            assertEq(settle(bond), IEpochBonds.State.Returned, "state");
            assertBooks();
            restore(start);
        }
        // Two words, each neither yes nor no; no code at all.
        vm.etch(view_, hex"600260005260406000f3");
        uint256 saved = snapshot();
        assertEq(settle(bond), IEpochBonds.State.Returned, "neither yes nor no");
        restore(saved);
        vm.etch(view_, "");
        assertEq(settle(bond), IEpochBonds.State.Returned, "nobody there");
    }

    /// @dev A proposer that broke its bond must not make the rollup look unreadable by sending too little gas.
    function testFuzz_settle_TooLittleGasNeverReturnsABrokenBond(uint256 gas) public {
        IEpochBonds.Bond memory bond = opened();
        warp(deadline() + bonds.UNREADABLE_GRACE());
        gas = 21_000 + (gas % 600_000);
        (bool done, bytes memory data) = address(bonds).call{gas: gas}(abi.encodeCall(bonds.settle, (bond, proposer)));
        if (!done) assertEq(stateOf(bond), IEpochBonds.State.Open, "nothing happened");
        else assertEq(abi.decode(data, (uint256)), uint256(IEpochBonds.State.Broken), "it burned");
    }

    // ─── Money ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

    function testFuzz_settle_EveryUnitIsPaidReturnedOrBurned(uint128[3] calldata parts, uint8 course) public {
        IEpochBonds.Bond memory bond = aBond();
        bond.deposit = uint128(LEAST + (parts[0] % (30 ether)));
        bond.tip = uint128(parts[1] % (30 ether));
        bond.bounty = uint128(parts[2] % (30 ether));
        open(bond);
        if (course % 3 == 1) prove(proverId);
        if (course % 3 == 2) prove(stranger);
        warp(deadline());
        settle(bond);
        assertEq(bonds.locked(), 0, "nothing stays locked");
        assertBooks();
        uint256 burned = bonds.burning();
        assertEq(burned, course % 3 == 0 ? bond.deposit : 0, "burned");
        assertEq(balanceOf(prover), course % 3 == 1 ? bond.tip : 0, "tip");
        assertEq(balanceOf(stranger), course % 3 == 0 ? 0 : bond.bounty, "bounty");
        assertLe(balanceOf(proposer), FUNDS, "no proposer gains");
    }

    function _partBy(address id) private pure returns (IAztecRollup.SubmitEpochRootProofArgs memory proof) {
        proof = proofBy(id);
        proof.end = 1;
    }

    function _refusesSpan(uint256 first, uint256 last, bytes32 archive) private {
        IEpochBonds.Bond memory bond = aBond();
        bond.span.first = first;
        bond.span.last = last;
        bond.span.archive = archive;
        _refuses(bond, abi.encodeWithSelector(IEpochBonds.NotWhole.selector, 0, first, last));
    }

    function _refuses(IEpochBonds.Bond memory bond, bytes memory reason) private {
        vm.prank(bond.proposer);
        vm.expectRevert(reason);
        bonds.open(bond, "");
    }

    function _refuses(IEpochBonds.Bond memory bond, bytes memory signature, bytes memory reason) private {
        vm.expectRevert(reason);
        bonds.open(bond, signature);
    }
}
