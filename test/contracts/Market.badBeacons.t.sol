// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BlockhashBeacon} from "../../contracts/beacons/BlockhashBeacon.sol";
import {IMarketCore} from "../../contracts/interfaces/IMarket.sol";
import {BadBeacon} from "../support/solidity/BadBeacon.sol";
import {MarketFixture} from "../support/solidity/MarketFixture.sol";
import {TestBeacon} from "../support/solidity/TestBeacon.sol";

/// @notice Beacons that fail: the owner chooses them and a workload keeps its own for life, so whatever one does must cost no more than a
/// bounded amount of gas, hold up no neighbour and hold no money.
contract MarketBadBeaconsTest is MarketFixture {
    /// @dev Moods of a {BadBeacon}. What is too large for a round is a value like any other.
    uint8 private constant MOODS = 6;
    uint8 private constant TOO_LARGE = 3;
    /// @dev What one question may cost whoever asks: the beacon's gas, and what the market does around it.
    uint256 private constant QUESTION = 85_000;

    TestBeacon private _other;

    // ─── Assign ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev Attack: a beacon that reverts, burns its gas or answers with a bomb, for one workload among others of a batch.
    function test_assignMany_ABadBeaconHoldsUpNoNeighbour() public sound {
        (Workload memory first, Workload memory bad, Workload memory last) = _amongOthers();
        for (uint8 mood; mood < MOODS; ++mood) {
            if (mood == TOO_LARGE) continue;
            uint256 saved = snapshot();
            _spoil(mood);
            bytes32[] memory ids = _list(first, bad, last);
            uint256 before = gasleft();
            vm.prank(keeper);
            market.assignMany{gas: 1_000_000}(ids);
            assertLt(before - gasleft(), 2 * 150_000 + QUESTION, "gas");
            assertPhase(first, Phase.Proving);
            assertPhase(bad, Phase.Pending);
            assertPhase(last, Phase.Proving);
            assertEq(balanceOf(keeper), 2 * ASSIGN_BOUNTY, "two bounties");
            restore(saved);
        }
    }

    function test_tryMany_ABadBeaconHoldsUpNoNeighbour() public sound {
        (Workload memory first, Workload memory bad, Workload memory last) = _amongOthers();
        bytes32[] memory ids = _list(first, bad, last);
        bytes[] memory calls = new bytes[](3);
        for (uint256 i; i < 3; ++i) calls[i] = abi.encodeCall(IMarketCore.assign, (ids[i]));
        for (uint8 mood; mood < MOODS; ++mood) {
            if (mood == TOO_LARGE) continue;
            uint256 saved = snapshot();
            _spoil(mood);
            vm.prank(keeper);
            bool[] memory done = market.tryMany{gas: 1_000_000}(calls);
            assertTrue(done[0] && !done[1] && done[2], "the neighbours");
            restore(saved);
        }
    }

    function test_assign_RevertWhen_TheBeaconIsBad() public sound {
        (, Workload memory bad, ) = _amongOthers();
        for (uint8 mood; mood < MOODS; ++mood) {
            if (mood == TOO_LARGE) continue;
            _spoil(mood);
            vm.expectRevert(abi.encodeWithSelector(RoundNotKnown.selector, bad.round));
            assign(bad);
        }
        vm.etch(address(_other), "");
        vm.expectRevert(abi.encodeWithSelector(RoundNotKnown.selector, bad.round));
        assign(bad);
    }

    /// @dev Attack: assign with so little gas that the beacon runs out of it. Whoever does so passes over nobody's workload, and takes no batch's
    /// success for that of its items.
    function test_assignMany_RevertWhen_GasStarved() public sound {
        Workload memory w = submit(aRequest());
        beacon.publish(uint32(w.round), bytes32(uint256(1)));
        bytes32[] memory ids = new bytes32[](1);
        ids[0] = w.id;
        uint256 refused;
        uint256 assigned;
        for (uint256 gas_ = 20_000; gas_ < 300_000; gas_ += 4_000) {
            uint256 saved = snapshot();
            (bool ok, bytes memory answer) = address(market).call{gas: gas_}(
                abi.encodeCall(IMarketCore.assignMany, (ids))
            );
            if (ok) {
                ++assigned;
                assertPhase(w, Phase.Proving);
            } else if (bytes4(answer) == NotEnoughGas.selector) ++refused;
            restore(saved);
        }
        assertTrue(refused != 0 && assigned != 0, "both sides of the border were tried");
    }

    // ─── Submit ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev Attack: a beacon without a schedule, which is asked at each submission, and answers with anything but a round.
    function test_submit_RevertWhen_TheBeaconAskedIsBad() public sound {
        Request memory request = aRequest();
        for (uint8 mood; mood < MOODS; ++mood) {
            uint256 saved = snapshot();
            vm.etch(address(beacon), address(new BadBeacon(mood)).code);
            uint256 before = gasleft();
            vm.expectRevert(abi.encodeWithSelector(NoRoundYet.selector, address(beacon)));
            vm.prank(requester);
            market.submit{gas: 1_000_000}(request);
            assertLt(before - gasleft(), 60_000 + QUESTION, "gas");
            restore(saved);
        }
    }

    // ─── Ways out ───────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev Attack: a beacon that fails at the question whether a cancel is still free would keep the fee. The cancel is refused, the draw
    /// never comes, and when its time is over anyone ends the workload and the requester is refunded; what it has besides leaves at any time.
    function test_cancel_ABadBeaconHoldsNoMoney() public sound {
        (, Workload memory bad, ) = _amongOthers();
        for (uint8 mood; mood < MOODS; ++mood) {
            uint256 saved = snapshot();
            _spoil(mood);
            uint256 before = gasleft();
            vm.expectRevert(abi.encodeWithSelector(RoundFixed.selector, bad.round));
            vm.prank(requester);
            market.cancel{gas: 1_000_000}(bad.spec, none());
            assertLt(before - gasleft(), 30_000 + QUESTION, "gas");
            uint256 rest = balanceOf(requester);
            vm.prank(requester);
            market.withdraw(requester, rest);
            warp(block.timestamp + 4 * EPOCH);
            settle(bad, none());
            assertOutcome(bad, Outcome.Unserved);
            assertEq(balanceOf(requester), FEE - SETTLE_BOUNTY, "refunded");
            restore(saved);
        }
    }

    // ─── Terms ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev Whatever a beacon says of its schedule: the class has none and asks, and can be given another beacon or be closed.
    function test_setClassTerms_ABadBeaconHasNoSchedule() public sound {
        _amongOthers();
        for (uint8 mood; mood < MOODS; ++mood) {
            uint256 saved = snapshot();
            _spoil(mood);
            vm.prank(owner);
            market.setClassTerms{gas: 1_000_000}(CLASS, someTerms(2));
            vm.expectRevert(abi.encodeWithSelector(ClockInDoubt.selector, CLASS));
            market.trustClock(CLASS);
            Request memory request = aRequest();
            vm.expectRevert(abi.encodeWithSelector(NoRoundYet.selector, address(_other)));
            vm.prank(requester);
            market.submit(request);
            vm.prank(owner);
            market.setClassTerms(CLASS, someTerms(1));
            assertEq(submit(request).round, beacon.nextRound(), "by another beacon");
            restore(saved);
        }
    }

    /// @dev Anyone executes what the owner's timelock has waited for: with little gas it must not leave the class without its schedule.
    function test_setClassTerms_RevertWhen_GasStarved() public sound {
        Rules memory rules = someRules();
        rules.beacon = address(new BlockhashBeacon(3));
        useRules(rules);
        uint256 refused;
        uint256 set;
        for (uint256 gas_ = 20_000; gas_ < 400_000; gas_ += 4_000) {
            uint256 saved = snapshot();
            vm.prank(owner);
            (bool ok, bytes memory answer) = address(market).call{gas: gas_}(
                abi.encodeCall(market.setClassTerms, (CLASS, someTerms(2)))
            );
            if (ok) {
                ++set;
                market.trustClock(CLASS);
            } else if (bytes4(answer) == NotEnoughGas.selector) ++refused;
            restore(saved);
        }
        assertTrue(refused != 0 && set != 0, "both sides of the border were tried");
    }

    /// @dev Three workloads, the second one's beacon another.
    function _amongOthers() private returns (Workload memory first, Workload memory second, Workload memory third) {
        _other = new TestBeacon();
        first = submit(aRequest());
        third = submit(aRequest());
        Rules memory rules = someRules();
        rules.beacon = address(_other);
        useRules(rules);
        second = submit(aRequest());
        beacon.publish(uint32(first.round), bytes32(uint256(1)));
        _other.publish(uint32(second.round), bytes32(uint256(1)));
    }

    function _spoil(uint8 mood) private {
        vm.etch(address(_other), address(new BadBeacon(mood)).code);
    }

    function _list(
        Workload memory first,
        Workload memory second,
        Workload memory third
    ) private pure returns (bytes32[] memory list) {
        list = new bytes32[](3);
        (list[0], list[1], list[2]) = (first.id, second.id, third.id);
    }
}
