// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMarketCore, IMarketExtension} from "../../contracts/interfaces/IMarket.sol";
import {IProverRegistry} from "../../contracts/interfaces/IProverRegistry.sol";
import {RequestBuilder} from "../support/solidity/Builders.sol";
import {RelayFixture} from "../support/solidity/RelayFixture.sol";

contract RelaySubmittersTest is RelayFixture {
    using RequestBuilder for Request;

    function test_nameSubmitter_IsPublishedAndBounded() public sound {
        uint256 until = block.timestamp + 366 days;
        vm.expectEmit(address(relay));
        emit SubmitterNamed(alice, hot, until);
        vm.prank(alice);
        relay.nameSubmitter(hot, until);
        assertEq(relay.submitterUntil(alice, hot), until, "until");
        vm.startPrank(alice);
        vm.expectRevert(abi.encodeWithSelector(InvalidTerm.selector, until + 1, block.timestamp + 1, until));
        relay.nameSubmitter(hot, until + 1);
        vm.expectRevert(
            abi.encodeWithSelector(
                InvalidTerm.selector,
                block.timestamp,
                block.timestamp + 1,
                block.timestamp + 366 days
            )
        );
        relay.nameSubmitter(hot, block.timestamp);
        vm.stopPrank();
    }

    function test_act_LivesAWholeWorkloadForTheOperator() public sound {
        nameHot();
        Workload memory w = drawnToAlice();
        uint256 seat = seatOf[alice];
        act(abi.encodeCall(IMarketCore.accept, (w.id, seat)));
        assertSlot(w, seat, SlotState.Accepted);
        act(abi.encodeCall(IMarketCore.submitProof, (w.spec, pinOf(w), seat, PUBLIC_INPUTS, proofOf(seat))));
        assertPhase(w, Phase.Final);
        assertEq(balanceOf(alice), potOf(FEE) + SETTLE_BOUNTY, "paid to the operator");
        assertEq(balanceOf(hot) + balanceOf(address(relay)), 0, "and to nobody else");
    }

    function test_act_CommitsAndRevealsInTheOperatorsName() public sound {
        nameHot();
        Workload memory w = drawnToAliceAndBob();
        uint256 seat = seatOf[alice];
        act(abi.encodeCall(IMarketCore.commit, (w.id, seat, commitmentOf(w, seat, proofOf(seat)))));
        commit(w, seatOf[bob]);
        warp(block.timestamp + REVEAL_DELAY + 1);
        act(abi.encodeCall(IMarketCore.reveal, (w.spec, pinOf(w), seat, PUBLIC_INPUTS, proofOf(seat), saltOf(seat))));
        assertSlot(w, seat, SlotState.Valid);
        assertEq(market.slotOf(w.id, seat).payload, uint160(alice), "the slot is Alice's");
        reveal(w, seatOf[bob]);
        act(abi.encodeCall(IMarketCore.settle, (w.spec, pair(seat, seatOf[bob]))));
        assertPhase(w, Phase.Final);
        assertTrue(balanceOf(alice) > balanceOf(bob), "Alice was first");
    }

    function test_act_DeclinesThroughTheExtension() public sound {
        nameHot();
        Workload memory w = drawnToAlice();
        act(abi.encodeCall(IMarketExtension.decline, (w.spec, seatOf[alice])));
        assertEq(registry.seatOf(seatOf[alice]).declines, 1, "declines");
    }

    function test_act_ReturnsTheErrorOfTheCall() public sound {
        nameHot();
        Workload memory w = drawnToAlice();
        bytes memory data = abi.encodeCall(IMarketCore.accept, (w.id, seatOf[bob]));
        vm.expectRevert(abi.encodeWithSelector(SeatNotInWorkload.selector, w.id, seatOf[bob]));
        act(data);
    }

    function test_act_RevertWhen_NeverNamed() public sound {
        Workload memory w = drawnToAlice();
        bytes memory data = abi.encodeCall(IMarketCore.accept, (w.id, seatOf[alice]));
        vm.expectRevert(abi.encodeWithSelector(NotSubmitter.selector, alice, hot));
        act(data);
    }

    function test_act_EndsWithItsLastSecond() public sound {
        nameHot();
        uint256 until = relay.submitterUntil(alice, hot);
        Workload memory w = drawnToAlice();
        bytes memory data = abi.encodeCall(IMarketCore.accept, (w.id, seatOf[alice]));
        warp(until + 1);
        vm.expectRevert(abi.encodeWithSelector(NotSubmitter.selector, alice, hot));
        act(data);
        warp(until);
        vm.expectRevert(abi.encodeWithSelector(CommitsClosedAlready.selector, block.timestamp, w.startedAt + RUN_TIME));
        act(data);
    }

    function test_revokeSubmitter_EndsItAtOnce() public sound {
        nameHot();
        vm.prank(alice);
        relay.revokeSubmitter(hot);
        Workload memory w = drawnToAlice();
        bytes memory data = abi.encodeCall(IMarketCore.accept, (w.id, seatOf[alice]));
        vm.expectRevert(abi.encodeWithSelector(NotSubmitter.selector, alice, hot));
        act(data);
    }

    /// @dev Attack: a stolen hot key tries everything that moves money, seats or ownership.
    function test_act_RevertWhen_AStolenKeyReachesForMoneyOrSeats() public sound {
        nameHot();
        fund(alice, 100 ether);
        bytes[12] memory calls = [
            abi.encodeCall(IMarketCore.withdraw, (hot, 1)),
            abi.encodeCall(IMarketCore.deposit, (hot, 1)),
            abi.encodeCall(IMarketCore.submit, (aRequest())),
            abi.encodeCall(IMarketCore.submitMany, (new Request[](0))),
            abi.encodeWithSignature("tryMany(bytes[])", new bytes[](0)),
            abi.encodeWithSignature("acceptOwnership()"),
            abi.encodeWithSignature("transferOwnership(address)", hot),
            abi.encodeCall(IProverRegistry.withdraw, (one(seatOf[alice]), hot)),
            abi.encodeCall(IProverRegistry.leaveSet, (one(seatOf[alice]))),
            abi.encodeCall(IProverRegistry.stake, (CLASS, 1, 0)),
            abi.encodeCall(IProverRegistry.topUp, (seatOf[alice])),
            abi.encodeCall(IProverRegistry.withdrawBounty, (hot))
        ];
        address[3] memory targets = [address(market), address(registry), address(relay)];
        for (uint256 i; i < calls.length; ++i) {
            for (uint256 k; k < targets.length; ++k) {
                vm.expectRevert(abi.encodeWithSelector(NotAnAct.selector, targets[k], bytes4(calls[i])));
                vm.prank(hot);
                relay.act(alice, targets[k], calls[i]);
            }
        }
        assertEq(balanceOf(alice), 100 ether, "nothing moved");
    }

    /// @dev Attack: a call of three bytes would borrow the first byte of the appended address for its selector.
    function test_act_RevertWhen_TheSelectorIsCut() public sound {
        nameHot();
        vm.expectRevert(abi.encodeWithSelector(NotAnAct.selector, address(market), bytes4(0)));
        act(abi.encodePacked(bytes3(IMarketCore.accept.selector)));
    }

    /// @dev Attack: the key of one operator acts for another.
    function test_act_RevertWhen_ForAnotherOperator() public sound {
        nameHot();
        Workload memory w = drawn(aRequest(), one(seatOf[bob]));
        bytes memory data = abi.encodeCall(IMarketCore.accept, (w.id, seatOf[bob]));
        vm.expectRevert(abi.encodeWithSelector(NotSubmitter.selector, bob, hot));
        vm.prank(hot);
        relay.act(bob, address(market), data);
        vm.expectRevert(abi.encodeWithSelector(NotOperator.selector, seatOf[bob], alice, bob));
        act(data);
    }
}
