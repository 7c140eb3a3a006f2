// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Terms} from "../../../contracts/libraries/Terms.sol";
import {PeerActions} from "../actions/PeerActions.sol";

/// @title Checks of money: who owns what, where fees went, in which order provers are paid
/// @notice Each check compares the contracts with the model or reverts; none changes the model.
abstract contract MoneyChecks is PeerActions {
    /// @dev Finished workloads looked at by a check, the newest first.
    uint256 private constant RECENT = 6;

    // ─── INV-01 ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice Both contracts hold what they owe, to the wei, and owe each account what the model says.
    function checkBalances() external view {
        uint256 owed;
        uint256 owedByRegistry;
        for (uint256 i; i < ACTORS; ++i) {
            address actor = _actor(i);
            (uint256 balance, uint256 nonce, uint256 toBurn) = _market.accountOf(actor);
            _same("balance", balance, _balance[actor]);
            _same("nonce", nonce, _nonce[actor]);
            _same("fees to burn", toBurn, _feesToBurn[actor]);
            _same("wallet", _token.balanceOf(actor), _wallet[actor]);
            owed += balance + toBurn;
            (uint128 bounty, uint128 slashed) = _registry.reports(actor);
            _same("bounty", bounty, _bounty[actor]);
            _same("slashes to burn", slashed, _slashesToBurn[actor]);
            owedByRegistry += uint256(bounty) + slashed;
        }
        for (uint256 i; i < _live.length; ++i) owed += _heldFee(_jobs[_live[i]]);
        for (uint256 seat = 1; seat <= _seatCount; ++seat) owedByRegistry += _registry.seatOf(seat).bond;
        _same("tokens of the market", _token.balanceOf(address(_market)), owed);
        _same("tokens of the registry", _token.balanceOf(address(_registry)), owedByRegistry);
    }

    /// @dev What is left of a live workload's fee: all of it, less the assign bounty once that was credited.
    function _heldFee(Job storage job) private view returns (uint256) {
        if (job.phase == Phase.Pending) return _market.workloadOf(job.id).fee;
        // From the draw on the spec names it, and the spec is the workload's id.
        return Terms.wrap(job.spec.terms).fee() - uint256(_rules[job.rules].assignBounty) * GWEI_UNIT;
    }

    // ─── INV-02 ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice Every finished fee went somewhere, whole and once; nothing was minted and only burns left the supply.
    function checkFees() external view {
        _same("supply", _token.totalSupply(), _supply);
        for (uint256 i = _ended.length; i != 0 && i + RECENT > _ended.length; --i) {
            Job storage job = _jobs[_ended[i - 1]];
            _same("fee of a finished workload", _market.workloadOf(job.id).fee, 0);
            _same("where a fee went", job.paid + job.refunded + job.burned + job.bounties, job.fee);
            uint256 toSeats;
            uint256[] storage ids = _placesOf[_ended[i - 1]];
            for (uint256 j; j < ids.length; ++j) toSeats += _places[ids[j]].paid;
            _same("what seats and members were paid", toSeats + job.committeePaid, job.paid);
            bool drawn = job.drawnAt != 0;
            if (drawn && job.burned < _baseBurn(job)) revert Differs("base burn", job.burned, _baseBurn(job));
        }
    }

    // ─── INV-03, INV-04, INV-05, INV-16 ─────────────────────────────────────────────────────────────────────────────────────

    /// @notice Ranks are distinct, run from 1 without a gap, own slots first, each group by commit order.
    function checkRanks() external view {
        for (uint256 i = _ended.length; i != 0 && i + RECENT > _ended.length; --i) {
            uint256[] memory ranked = _rankedOf(_ended[i - 1]);
            for (uint256 j; j < ranked.length; ++j) {
                if (ranked[j] == 0) revert Differs("rank not given", 0, j + 1);
                if (j == 0) continue;
                Place storage a = _places[ranked[j - 1] - 1];
                Place storage b = _places[ranked[j] - 1];
                bool inOrder = a.open == b.open ? a.order < b.order : b.open;
                if (!inOrder) revert Differs("rank against commit order", j, j + 1);
            }
        }
    }

    /// @notice Each rank earns less than the one before it, by a fifth up to rounding, and all together at most the pot.
    function checkRewards() external view {
        for (uint256 i = _ended.length; i != 0 && i + RECENT > _ended.length; --i) {
            Job storage job = _jobs[_ended[i - 1]];
            uint256[] memory ranked = _rankedOf(_ended[i - 1]);
            uint256 sum;
            for (uint256 j; j < ranked.length; ++j) {
                uint256 paid = _places[ranked[j] - 1].paid;
                sum += paid;
                if (j == 0) continue;
                uint256 before = _places[ranked[j - 1] - 1].paid;
                if (paid >= before) revert Differs("reward of a lower rank", paid, before);
                uint256 fifthLess = (before * 4) / 5;
                if (paid + 1 < fifthLess || paid > fifthLess + 1) revert Differs("step of rewards", paid, fifthLess);
            }
            if (job.drawnAt != 0 && sum > _pot(job)) revert Differs("rewards above the pot", sum, _pot(job));
        }
    }

    /// @notice Nobody is ranked for a commit after the deadline or after commits closed.
    function checkDeadlines() external view {
        for (uint256 i = _ended.length; i != 0 && i + RECENT > _ended.length; --i) {
            Job storage job = _jobs[_ended[i - 1]];
            uint256[] memory ranked = _rankedOf(_ended[i - 1]);
            for (uint256 j; j < ranked.length; ++j) {
                uint256 committedAt = _places[ranked[j] - 1].committedAt;
                if (committedAt < job.drawnAt || committedAt > _deadlineOf(job))
                    revert Differs("paid for a late commit", committedAt, _deadlineOf(job));
            }
        }
    }

    /// @notice A place is paid at most once, a rank only for a good proof its operator committed, one open rank an operator.
    function checkSinglePay() external view {
        for (uint256 i = _ended.length; i != 0 && i + RECENT > _ended.length; --i) {
            uint256 index = _ended[i - 1];
            uint256[] storage ids = _placesOf[index];
            uint256 ranks;
            for (uint256 j; j < ids.length; ++j) {
                Place storage p = _places[ids[j]];
                _same("payments of a place above one", p.pays > 1 ? p.pays : 1, 1);
                if (p.rank == 0) continue;
                ++ranks;
                if (!p.good || p.committedAt == 0) revert Differs("rank without a proof", p.seat, p.rank);
                if (p.open && _ranksOf(index, p.operator) != 1) revert Differs("open rank and another", p.seat, p.rank);
            }
            if (ranks > _jobs[index].redundancy) revert Differs("ranks", ranks, _jobs[index].redundancy);
        }
    }

    function _ranksOf(uint256 index, address operator) private view returns (uint256 count) {
        uint256[] storage ids = _placesOf[index];
        for (uint256 i; i < ids.length; ++i) {
            if (_places[ids[i]].operator == operator && _places[ids[i]].rank != 0) ++count;
        }
    }

    /// @dev Ids plus one of the ranked places of a workload, by rank.
    function _rankedOf(uint256 index) private view returns (uint256[] memory ranked) {
        uint256[] storage ids = _placesOf[index];
        uint256 highest;
        for (uint256 i; i < ids.length; ++i) if (_places[ids[i]].rank > highest) highest = _places[ids[i]].rank;
        ranked = new uint256[](highest);
        for (uint256 i; i < ids.length; ++i) {
            uint256 rank = _places[ids[i]].rank;
            if (rank == 0) continue;
            if (ranked[rank - 1] != 0) revert Differs("rank given twice", rank, 0);
            ranked[rank - 1] = ids[i] + 1;
        }
    }

    // ─── INV-10 ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice A cancel pays waiting seats alike, at most a slot's part of the pot each, and refunds the rest; before the draw all of it.
    function checkCancels() external view {
        for (uint256 i = _ended.length; i != 0 && i + RECENT > _ended.length; --i) {
            uint256 index = _ended[i - 1];
            Job storage job = _jobs[index];
            if (job.outcome != Outcome.Cancelled) continue;
            if (job.drawnAt == 0) {
                _same("refund before the draw", job.refunded, job.fee);
                continue;
            }
            uint256 pot = _pot(job);
            _same("what a cancel pays", job.paid + job.refunded, pot);
            _same("what a cancel burns", job.burned, _baseBurn(job));
            uint256[] storage ids = _placesOf[index];
            uint256 each;
            for (uint256 j; j < ids.length; ++j) {
                Place storage p = _places[ids[j]];
                _same("paid without waiting", p.paid != 0 && !p.inTime ? 1 : 0, 0);
                if (p.paid == 0) continue;
                if (each == 0) each = p.paid;
                _same("compensation", p.paid, each);
                if (each > pot / job.redundancy)
                    revert Differs("compensation above a slot", each, pot / job.redundancy);
            }
        }
    }

    // ─── INV-13 ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice Whatever the owner did, everybody can take out everything that is free, now.
    function checkWithdrawals() external {
        for (uint256 i; i < ACTORS; ++i) {
            address actor = _actor(i);
            if (_balance[actor] != 0) _takeAll(actor);
        }
    }

    function _takeAll(address actor) internal {
        uint256 before = _token.balanceOf(actor);
        bytes memory call = abi.encodeWithSignature("withdraw(address,uint256)", actor, _balance[actor]);
        _tryMarket("withdraw all", actor, call, 0);
        _same("withdrawn", _token.balanceOf(actor) - before, _balance[actor]);
        _wallet[actor] += _balance[actor];
        _balance[actor] = 0;
    }
}
