// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AztecRollupView} from "../../contracts/aztec/AztecRollupView.sol";
import {EpochBonds} from "../../contracts/aztec/EpochBonds.sol";
import {IAztecRollup} from "../../contracts/aztec/IAztecRollup.sol";
import {IEpochBonds} from "../../contracts/aztec/IEpochBonds.sol";
import {IRollupView} from "../../contracts/aztec/IRollupView.sol";
import {SomeToken} from "../support/solidity/BondsFixture.sol";
import {FakeRollup} from "../support/solidity/FakeRollup.sol";
import {Test} from "../support/solidity/Test.sol";

/// @title Acts on epoch bonds and on their rollup, with a model beside them
/// @notice The model knows checkpoints by their archive roots and writes down who proved which of them when; from that alone it says how each bond must end.
contract BondsHandler is Test {
    /// @dev What the model knows of an epoch's last checkpoint.
    struct Proof {
        bool proven;
        mapping(address proverId => bool done) by;
    }

    uint256 private constant DELAY = 100;
    uint256 private constant LEAST = 5;
    uint256 private constant FUNDS = 1_000_000;
    uint256 private constant ACTORS = 4;

    FakeRollup private immutable _rollup;
    SomeToken private immutable _token;
    EpochBonds private immutable _bonds;

    /// @notice How often bonds ended how.
    mapping(IEpochBonds.State state => uint256 count) public ends;

    IEpochBonds.Bond[] private _list;
    mapping(bytes32 archive => Proof proof) private _proofs;
    uint256 private _checkpoints;
    uint256 private _lastProposal;
    uint256 private _deposited;
    uint256 private _burned;
    uint256 private _withdrawn;

    /// @notice The contract did not do what the model says.
    error Differs(string what);

    constructor() {
        vm.warp(1_800_000_000);
        _rollup = new FakeRollup();
        _token = new SomeToken();
        _bonds = new EpochBonds(new AztecRollupView(_rollup), _token, DELAY, LEAST);
        for (uint256 i; i < ACTORS; ++i) _deposit(i, FUNDS);
        vm.warp(_rollup.getTimestampForEpoch(1));
    }

    // ─── The rollup ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    function actWait(uint256 seed) external {
        vm.warp(block.timestamp + (seed % 8 == 0 ? seed % 200 : seed % 14));
    }

    function actPropose(uint256 seed) external {
        uint256 slot = (block.timestamp - _rollup.genesis()) / _rollup.SLOT();
        uint256 pending = _rollup.pending();
        if (pending != 0 && _rollup.getTimestampForSlot(slot) <= _lastProposal)
            vm.warp(_rollup.getTimestampForSlot(++slot));
        _lastProposal = _rollup.getTimestampForSlot(slot);
        _rollup.propose(bytes32(++_checkpoints));
        if (seed % 3 != 0) _rollup.setProposer(slot, _actor(seed));
    }

    function actProve(uint256 seed) external {
        _rollup.prune();
        uint256 first = _rollup.proven() + 1;
        if (first > _rollup.pending()) return;
        if (seed % 4 == 0 && first > 1) first = _firstOf(_rollup.getEpochForCheckpoint(first - 1), first - 1);
        uint256 last = _lastOf(first);
        if (seed % 16 == 1 && last > first) --last;
        IAztecRollup.SubmitEpochRootProofArgs memory proof;
        (proof.start, proof.end, proof.args.proverId) = (first, last, _actor(seed >> 8));
        if (seed % 3 == 0 && _list.length != 0) proof.args.proverId = _list[_list.length - 1].proverId;
        try _rollup.submitEpochRootProof(proof) {
            for (uint256 i = first; i <= last; ++i) _proofs[_rollup.archiveAt(i)].proven = true;
            _proofs[_rollup.archiveAt(last)].by[proof.args.proverId] = true;
        } catch {}
    }

    function actInvalidate(uint256 seed) external {
        if (seed % 8 == 0 && _rollup.pending() > _rollup.proven()) _rollup.invalidate(_rollup.pending());
    }

    // ─── The bonds ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    function actOpen(uint256 seed) external {
        uint256 pending = _rollup.pending();
        if (pending == 0) return;
        uint256 last = pending;
        // Mostly the last epoch that is over, which is what can be bonded.
        if (seed % 8 != 0) while (last > 1 && _rollup.getEpochForCheckpoint(last) == _rollup.getCurrentEpoch()) --last;
        if (seed % 8 == 1 && last > 1) --last;
        IEpochBonds.Bond memory bond;
        uint256 epoch = _rollup.getEpochForCheckpoint(last);
        bond.span = IRollupView.Span(epoch, _firstOf(epoch, last), last, _rollup.archiveAt(last));
        bond.slot = epoch * _rollup.SLOTS() + ((seed >> 8) % (_rollup.SLOTS() * 2));
        (bond.proposer, bond.prover, bond.proverId) = (_actor(seed >> 16), _actor(seed >> 24), _actor(seed >> 32));
        bond.deposit = uint128(LEAST + ((seed >> 40) % 1000));
        (bond.tip, bond.bounty) = (uint128((seed >> 56) % 100), uint128((seed >> 72) % 100));
        vm.prank(bond.proposer);
        try _bonds.open(bond, "") {
            if (block.timestamp >= _rollup.getTimestampForEpoch(epoch + 2)) revert Differs("opened past the deadline");
            if (block.timestamp < _rollup.getTimestampForEpoch(epoch + 1))
                revert Differs("opened while the epoch runs");
            if (_proofs[bond.span.archive].proven) revert Differs("opened on a proven epoch");
            _list.push(bond);
        } catch {}
    }

    function actSettle(uint256 seed) external {
        if (_list.length == 0) return;
        uint256 index = seed % 4 == 0 ? (seed >> 8) % _list.length : _list.length - 1;
        _settle(index, _actor(seed >> 16));
    }

    function actDeposit(uint256 seed) external {
        _deposit(seed, (seed >> 8) % 10_000);
    }

    function actRequest(uint256 seed) external {
        address owner = _actor(seed);
        uint128 amount = uint128((seed >> 8) % (_balanceOf(owner) + 1));
        vm.prank(owner);
        _bonds.requestWithdrawal(amount);
    }

    function actWithdraw(uint256 seed) external {
        address owner = _actor(seed);
        (uint128 balance, uint128 requested, uint64 readyAt) = _bonds.accounts(owner);
        uint256 want = requested < balance ? requested : balance;
        vm.prank(owner);
        try _bonds.withdraw(owner) returns (uint256 amount) {
            if (readyAt == 0 || block.timestamp < readyAt) revert Differs("withdrawn before its time");
            if (amount != want) revert Differs("withdrawn");
            _withdrawn += amount;
        } catch {
            if (readyAt != 0 && block.timestamp >= readyAt && want != 0) revert Differs("kept from withdrawing");
        }
    }

    function actBurn() external {
        if (_bonds.burning() != 0) _bonds.burn();
    }

    // ─── What must hold ─────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice Tokens there = balances + open bonds + what burned and has not left.
    function checkBooks() external view {
        uint256 open;
        for (uint256 i; i < _list.length; ++i) if (_isOpen(_list[i])) open += _sum(_list[i]);
        assertEq(_bonds.locked(), open, "open bonds");
        uint256 balances;
        for (uint256 i; i < ACTORS; ++i) balances += _balanceOf(_actor(i));
        assertEq(_token.balanceOf(address(_bonds)), balances + open + _bonds.burning(), "tokens");
        uint256 gone = _bonds.burning() + _token.balanceOf(_bonds.BURN_ADDRESS());
        assertEq(gone, _burned, "burned");
        assertEq(balances + open + _burned + _withdrawn, _deposited, "nothing is made and nothing is lost");
    }

    /// @notice Anyone can end every bond, then everybody can leave, and nothing stays.
    function checkEnd() external {
        vm.warp(block.timestamp + 1000);
        for (uint256 i; i < _list.length; ++i) if (_isOpen(_list[i])) _settle(i, _actor(i));
        for (uint256 i; i < ACTORS; ++i) {
            uint256 balance = _balanceOf(_actor(i));
            if (balance == 0) continue;
            vm.prank(_actor(i));
            _bonds.requestWithdrawal(uint128(balance));
        }
        vm.warp(block.timestamp + DELAY);
        for (uint256 i; i < ACTORS; ++i) {
            if (_balanceOf(_actor(i)) == 0) continue;
            vm.prank(_actor(i));
            _bonds.withdraw(_actor(i));
        }
        if (_bonds.burning() != 0) _bonds.burn();
        assertEq(_token.balanceOf(address(_bonds)), 0, "empty");
        assertEq(_token.balanceOf(_bonds.BURN_ADDRESS()), _burned, "burned");
    }

    function _deposit(uint256 seed, uint256 amount) private {
        _token.mint(address(this), amount);
        _token.approve(address(_bonds), amount);
        _bonds.deposit(_actor(seed), uint128(amount));
        _deposited += amount;
    }

    /// @dev Settles, compares the end and every payment with what the model says.
    function _settle(uint256 index, address settler) private {
        IEpochBonds.Bond memory bond = _list[index];
        Proof storage proof = _proofs[bond.span.archive];
        bool isOver = block.timestamp >= _rollup.getTimestampForEpoch(bond.span.epoch + 2);
        IEpochBonds.State want;
        if (_isOpen(bond)) {
            if (proof.by[bond.proverId]) want = IEpochBonds.State.Kept;
            else if (isOver) want = proof.proven ? IEpochBonds.State.Covered : IEpochBonds.State.Broken;
        }
        uint256[ACTORS] memory before;
        for (uint256 i; i < ACTORS; ++i) before[i] = _balanceOf(_actor(i));
        try _bonds.settle(bond, settler) returns (IEpochBonds.State state) {
            if (state != want) revert Differs("the end of a bond");
            ++ends[state];
        } catch {
            if (want != IEpochBonds.State.None) revert Differs("a bond that can be settled");
            return;
        }
        if (want == IEpochBonds.State.Broken) _burned += bond.deposit;
        for (uint256 i; i < ACTORS; ++i) {
            uint256 gain;
            if (_actor(i) == bond.proposer && want != IEpochBonds.State.Broken) gain += bond.deposit;
            if (_actor(i) == (want == IEpochBonds.State.Kept ? bond.prover : bond.proposer)) gain += bond.tip;
            if (_actor(i) == (want == IEpochBonds.State.Broken ? bond.proposer : settler)) gain += bond.bounty;
            assertEq(_balanceOf(_actor(i)), before[i] + gain, "paid");
        }
    }

    function _firstOf(uint256 epoch, uint256 checkpoint) private view returns (uint256 first) {
        first = checkpoint;
        while (first > 1 && _rollup.getEpochForCheckpoint(first - 1) == epoch) --first;
    }

    function _lastOf(uint256 checkpoint) private view returns (uint256 last) {
        last = checkpoint;
        uint256 epoch = _rollup.getEpochForCheckpoint(checkpoint);
        while (last < _rollup.pending() && _rollup.getEpochForCheckpoint(last + 1) == epoch) ++last;
    }

    function _isOpen(IEpochBonds.Bond memory bond) private view returns (bool open) {
        (IEpochBonds.State state, ) = _bonds.bonds(_bonds.idOf(bond));
        return state == IEpochBonds.State.Open;
    }

    function _sum(IEpochBonds.Bond memory bond) private pure returns (uint256 sum) {
        return uint256(bond.deposit) + bond.tip + bond.bounty;
    }

    function _balanceOf(address owner) private view returns (uint256 balance) {
        (balance, , ) = _bonds.accounts(owner);
    }

    function _actor(uint256 seed) private pure returns (address actor) {
        return address(uint160(0xac000000 + (seed % ACTORS)));
    }
}
