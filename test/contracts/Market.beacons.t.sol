// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DrandBeacon} from "../../contracts/beacons/DrandBeacon.sol";
import {MarketFixture} from "../support/solidity/MarketFixture.sol";
import {TestBeacon} from "../support/solidity/TestBeacon.sol";

contract MarketBeaconsTest is MarketFixture {
    function test_switchingTheBeacon_LeavesALiveWorkloadAlone() public {
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

    function test_switchingTheBeacon_LeavesAFreeCancelAlone() public {
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

    function test_submit_UnderDrand_IsDrawnByTheRealRound() public {
        DrandBeacon drand = new DrandBeacon(10, 4);
        _useBeacon(address(drand));
        // Thirty seconds before quicknet published round 32,285,085.
        vm.warp(drand.timeOf(32_285_085) - 30);
        Workload memory w = submit(aRequest());
        assertEq(w.round, 32_285_085, "a lag of ten rounds");
        vm.expectRevert(abi.encodeWithSelector(RoundNotKnown.selector, w.round));
        assign(w);
        vm.warp(drand.timeOf(32_285_085));
        vm.prank(keeper);
        drand.publish(
            32_285_085,
            [
                bytes32(0x01dbce51d584d90d618547f4b50391d53ace6f6b9aeb8fb67e1879427af9d031),
                0x0ac0ec6f519271d9a313ee84b378d416057c084662157cdba65cd5d756701732,
                0xd20942e7bb1269db3f67a2a4bb3e371a1d425093bf06667e89ad83cbbd0e4500
            ]
        );
        assign(w);
        bytes32 seed = keccak256(abi.encode(bytes32(bytes16(0xd42020c3c65a4ec6adda3a69fdd41a69)), w.id));
        uint256 first = uint24(registry.draw(CLASS, seed, w.epoch, 0, 1)[0]);
        assertEq(uint256(market.slotOf(w.id, first).state), uint256(SlotState.Assigned), "by what drand published");
    }

    function test_submit_RevertWhen_DrandShowsThatTheClockIsStale() public {
        DrandBeacon drand = new DrandBeacon(10, 4);
        _useBeacon(address(drand));
        // The round came out an hour ago: whoever submits now knows every value of the next hour.
        uint256 due = 32_285_085 - 1200;
        vm.warp(drand.timeOf(uint32(due)));
        drand.publish(
            32_285_085,
            [
                bytes32(0x01dbce51d584d90d618547f4b50391d53ace6f6b9aeb8fb67e1879427af9d031),
                0x0ac0ec6f519271d9a313ee84b378d416057c084662157cdba65cd5d756701732,
                0xd20942e7bb1269db3f67a2a4bb3e371a1d425093bf06667e89ad83cbbd0e4500
            ]
        );
        Request memory request = aRequest();
        vm.expectRevert(abi.encodeWithSelector(DrandBeacon.ClockStale.selector, 32_285_085, due));
        vm.prank(requester);
        market.submit(request);
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
