// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BlockhashBeacon} from "../../contracts/beacons/BlockhashBeacon.sol";
import {DrandBeacon} from "../../contracts/beacons/DrandBeacon.sol";
import {IBeacon} from "../../contracts/interfaces/IBeacon.sol";
import {IBeaconUser} from "../../contracts/interfaces/IBeaconUser.sol";
import {MarketFixture} from "../support/solidity/MarketFixture.sol";
import {TestBeacon} from "../support/solidity/TestBeacon.sol";

contract MarketBeaconsTest is MarketFixture {
    uint32 private constant LAG = 10;
    /// @dev A real round of quicknet.
    uint32 private constant ROUND = 32_285_085;

    function test_switchingTheBeacon_LeavesALiveWorkloadAlone() public sound {
        Workload memory w = submit(aRequest());
        TestBeacon other = new TestBeacon();
        _useBeacon(address(other));
        other.publish(uint32(w.round), keccak256("the new beacon's value"));
        vm.expectRevert(abi.encodeWithSelector(RoundNotKnown.selector, w.round));
        vm.prank(keeper);
        market.assign(w.id);
        vm.prank(keeper);
        market.assignMany(_list(w.id));
        assertEq(uint256(market.workloadOf(w.id).phase), uint256(Phase.Pending), "not drawn by another beacon's value");
        assignTo(w, one(seatOf[carol]));
        assertEq(uint256(market.slotOf(w.id, seatOf[carol]).state), uint256(SlotState.Assigned), "drawn by its own");
    }

    function test_switchingTheBeacon_LeavesAFreeCancelAlone() public sound {
        Workload memory w = submit(aRequest());
        TestBeacon other = new TestBeacon();
        other.reach(5000);
        _useBeacon(address(other));
        cancel(w, none());
        assertEq(balanceOf(requester), 1000 ether, "refunded: its own beacon's round is still open");
        w = submit(aRequest());
        assertEq(w.round, 5003, "new submissions use the new one");
        other.reach(5002);
        vm.expectRevert(abi.encodeWithSelector(RoundFixed.selector, w.round));
        cancel(w, none());
    }

    function test_submit_UnderDrand_IsDrawnByTheRealRound() public sound {
        DrandBeacon drand = new DrandBeacon(LAG, 4, IBeaconUser(address(market)));
        _useBeacon(address(drand));
        // Thirty seconds before quicknet published round 32,285,085.
        warp(drand.timeOf(ROUND) - 30);
        Workload memory w = submit(aRequest());
        assertEq(w.round, ROUND, "a lag of ten rounds");
        vm.expectRevert(abi.encodeWithSelector(RoundNotKnown.selector, w.round));
        assign(w);
        warp(drand.timeOf(ROUND));
        vm.prank(keeper);
        drand.publish(ROUND, _signature());
        assign(w);
        bytes32 seed = keccak256(abi.encode(bytes32(bytes16(0xd42020c3c65a4ec6adda3a69fdd41a69)), w.id));
        uint256 first = uint24(registry.draw(CLASS, seed, w.epoch, 0, 1)[0]);
        assertEq(uint256(market.slotOf(w.id, first).state), uint256(SlotState.Assigned), "by what drand published");
    }

    function test_submit_RevertWhen_DrandShowsThatTheClockIsStale() public sound {
        DrandBeacon drand = _staleDrand(address(market));
        Request memory request = aRequest();
        vm.expectEmit(address(market));
        emit ClockDoubted(CLASS, true);
        drand.publish(ROUND, _signature());
        vm.expectRevert(abi.encodeWithSelector(NoRoundYet.selector, address(drand)));
        vm.prank(requester);
        market.submit(request);
        vm.expectRevert(abi.encodeWithSelector(ClockInDoubt.selector, CLASS));
        market.trustClock(CLASS);
    }

    /// @dev Without a call to the beacon nothing but the mark says that it refuses.
    function test_submit_GoesOnOnceTheClockHasCaughtUp() public sound {
        DrandBeacon drand = _staleDrand(address(market));
        drand.publish(ROUND, _signature());
        warp(drand.timeOf(ROUND));
        assertEq(submit(aRequest()).round, ROUND + LAG, "asked for");
        vm.expectEmit(address(market));
        emit ClockDoubted(CLASS, false);
        vm.prank(keeper);
        market.trustClock(CLASS);
        vm.expectCall(address(drand), abi.encodeCall(DrandBeacon.nextRound, ()), 0);
        assertEq(submit(aRequest()).round, ROUND + LAG, "counted");
    }

    function test_submit_RevertWhen_TheTermsCameWhileTheClockWasStale() public sound {
        DrandBeacon drand = new DrandBeacon(LAG, 4, IBeaconUser(address(market)));
        warp(drand.timeOf(ROUND - 1200));
        drand.publish(ROUND, _signature());
        _useBeacon(address(drand));
        Request memory request = aRequest();
        vm.expectRevert(abi.encodeWithSelector(NoRoundYet.selector, address(drand)));
        vm.prank(requester);
        market.submit(request);
    }

    /// @dev A beacon that tells somebody else would leave this market counting: it is asked each time.
    function test_submit_RevertWhen_TheClockIsStaleAndTheBeaconTellsAnother() public sound {
        DrandBeacon drand = _staleDrand(address(0));
        drand.publish(ROUND, _signature());
        Request memory request = aRequest();
        vm.expectRevert(abi.encodeWithSelector(NoRoundYet.selector, address(drand)));
        vm.prank(requester);
        market.submit(request);
        warp(drand.timeOf(ROUND));
        vm.expectRevert(abi.encodeWithSelector(ClockInDoubt.selector, CLASS));
        market.trustClock(CLASS);
        assertEq(submit(aRequest()).round, ROUND + LAG, "asked for");
    }

    function test_doubtClock_OfAStrangerChangesNothing() public sound {
        BlockhashBeacon blocks = new BlockhashBeacon(5);
        _useBeacon(address(blocks));
        vm.prank(keeper);
        market.doubtClock();
        vm.expectCall(address(blocks), abi.encodeCall(BlockhashBeacon.nextRound, ()), 0);
        assertEq(submit(aRequest()).round, block.number + 5, "counted");
    }

    function test_submit_UnderBlockHashes_CountsWithoutACall() public sound {
        BlockhashBeacon blocks = new BlockhashBeacon(5);
        _useBeacon(address(blocks));
        vm.roll(777);
        vm.expectCall(address(blocks), abi.encodeCall(BlockhashBeacon.nextRound, ()), 0);
        assertEq(submit(aRequest()).round, 782, "its block and the lag");
    }

    function testFuzz_submit_CountsAsTheBeaconWould(uint32 later, bool isDrand) public sound {
        DrandBeacon drand = new DrandBeacon(LAG, 4, IBeaconUser(address(market)));
        IBeacon chosen = isDrand ? IBeacon(drand) : new BlockhashBeacon(3);
        warp(drand.timeOf(ROUND));
        _useBeacon(address(chosen));
        warp(drand.timeOf(ROUND) + later);
        vm.roll(uint256(later >> 1) + 1);
        assertEq(submit(aRequest()).round, chosen.nextRound(), "the same round");
    }

    function test_setClassTerms_AClosedClassNeedsNoBeacon() public sound {
        vm.prank(owner);
        market.setClassTerms(CLASS, ClassTerms({minimumFee: 0, minimumRate: 0, rules: 0}));
        Request memory request = aRequest();
        vm.expectRevert(abi.encodeWithSelector(ClassClosed.selector, CLASS));
        vm.prank(requester);
        market.submit(request);
        vm.expectRevert(abi.encodeWithSelector(ClockInDoubt.selector, CLASS));
        market.trustClock(CLASS);
    }

    /// @dev The round came out an hour ago: whoever submits now knows every value of the next hour.
    function _staleDrand(address user) private returns (DrandBeacon drand) {
        drand = new DrandBeacon(LAG, 4, IBeaconUser(user));
        warp(drand.timeOf(ROUND - 1200));
        _useBeacon(address(drand));
    }

    function _signature() private pure returns (bytes32[3] memory) {
        return
            [
                bytes32(0x01dbce51d584d90d618547f4b50391d53ace6f6b9aeb8fb67e1879427af9d031),
                0x0ac0ec6f519271d9a313ee84b378d416057c084662157cdba65cd5d756701732,
                0xd20942e7bb1269db3f67a2a4bb3e371a1d425093bf06667e89ad83cbbd0e4500
            ];
    }

    function _useBeacon(address beacon_) private {
        Rules memory rules = someRules();
        rules.beacon = beacon_;
        useRules(rules);
    }

    function _list(bytes32 id) private pure returns (bytes32[] memory list) {
        list = new bytes32[](1);
        list[0] = id;
    }
}
