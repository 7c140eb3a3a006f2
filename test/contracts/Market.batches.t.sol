// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMarketCore, IMarketExtension} from "../../contracts/interfaces/IMarket.sol";
import {RequestBuilder} from "../support/solidity/Builders.sol";
import {RelayFixture} from "../support/solidity/RelayFixture.sol";

/// @dev Alice, whose key the tests know, acts in batches; so does a keeper.
contract MarketBatchesTest is RelayFixture {
    using RequestBuilder for Request;

    bytes32 private constant ITEM_FAILED = keccak256("ItemFailed(uint256,bytes)");

    // ─── Each act ───────────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_tryMany_SubmitsWhatCanBeSubmitted() public sound {
        bytes[] memory calls = new bytes[](3);
        Request memory request = aRequest();
        request.nonce = type(uint256).max;
        calls[0] = abi.encodeCall(IMarketCore.submit, (request));
        request.fee = 1;
        calls[1] = abi.encodeCall(IMarketCore.submit, (request));
        request.fee = FEE;
        calls[2] = abi.encodeCall(IMarketCore.submit, (request));
        bool[] memory done = _tryMany(requester, calls);
        assertTrue(done[0] && !done[1] && done[2], "the cheap one alone fails");
        (uint256 balance, uint256 nonce, ) = market.accountOf(requester);
        assertEq(nonce, 2, "nonces of the two that were submitted");
        assertEq(balance, 1000 ether - 2 * FEE, "and their fees");
    }

    function test_tryMany_AssignsWhatCanBeAssigned() public sound {
        Workload[] memory ws = _submitted(3);
        beacon.publish(uint32(ws[0].round), bytes32(uint256(1)));
        bytes[] memory calls = new bytes[](4);
        for (uint256 i; i < 3; ++i) calls[i] = abi.encodeCall(IMarketCore.assign, (ws[i].id));
        calls[3] = calls[0];
        bool[] memory done = _tryMany(keeper, calls);
        assertTrue(done[0] && done[1] && done[2] && !done[3], "all once");
        assertEq(balanceOf(keeper), 3 * ASSIGN_BOUNTY, "three bounties");
    }

    function test_tryMany_CommitsRevealsAndSettles() public sound {
        Workload memory w = drawnToAliceAndBob();
        uint256 seat = seatOf[alice];
        bytes[] memory calls = new bytes[](3);
        calls[0] = abi.encodeCall(IMarketCore.commit, (w.id, seatOf[bob], 1));
        calls[1] = abi.encodeCall(IMarketCore.commit, (w.id, seat, commitmentOf(w, seat, proofOf(seat))));
        calls[2] = calls[1];
        bool[] memory done = _tryMany(alice, calls);
        assertTrue(!done[0] && done[1] && !done[2], "her own, once");
        commit(w, seatOf[bob]);
        warp(block.timestamp + REVEAL_DELAY + 1);
        calls[0] = abi.encodeCall(
            IMarketCore.reveal,
            (w.spec, pinOf(w), seat, PUBLIC_INPUTS, junkOf(seat), saltOf(seat))
        );
        calls[1] = abi.encodeCall(
            IMarketCore.reveal,
            (w.spec, pinOf(w), seat, PUBLIC_INPUTS, proofOf(seat), saltOf(seat))
        );
        calls[2] = abi.encodeCall(IMarketCore.settle, (w.spec, one(seat)));
        done = _tryMany(alice, calls);
        assertTrue(!done[0] && done[1] && !done[2], "the proof; too early to settle");
        reveal(w, seatOf[bob]);
        calls[2] = abi.encodeCall(IMarketCore.settle, (w.spec, pair(seat, seatOf[bob])));
        done = _tryMany(keeper, calls);
        assertTrue(!done[0] && !done[1] && done[2], "the keeper settles, reveals nothing");
        assertPhase(w, Phase.Final);
        assertEq(balanceOf(keeper), ASSIGN_BOUNTY + SETTLE_BOUNTY, "bounties");
    }

    function test_tryMany_SettlesManyAroundOneThatIsLive() public sound {
        Workload[] memory ws = _submitted(3);
        beacon.publish(uint32(ws[0].round), bytes32(uint256(1)));
        for (uint256 i; i < 3; ++i) assign(ws[i]);
        warp(block.timestamp + RUN_TIME + REVEAL_DELAY + REVEAL_WINDOW + 2);
        Workload memory live = submit(aRequest());
        bytes[] memory calls = new bytes[](4);
        calls[0] = _settle(ws[0]);
        calls[1] = _settle(live);
        calls[2] = _settle(ws[1]);
        calls[3] = _settle(ws[2]);
        bool[] memory done = _tryMany(keeper, calls);
        assertTrue(done[0] && !done[1] && done[2] && done[3], "all but the live one");
    }

    // ─── Reports ────────────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_tryMany_ReportsTheErrorOfAnItem() public sound {
        bytes[] memory calls = new bytes[](1);
        calls[0] = abi.encodeCall(IMarketCore.withdraw, (bob, 1));
        vm.expectEmit(address(market));
        emit ItemFailed(0, abi.encodeWithSelector(InsufficientBalance.selector, 0, 1));
        _tryMany(alice, calls);
    }

    function test_tryMany_ReportsUnknownCallsAndNothingAsFailed() public sound {
        bytes[] memory calls = new bytes[](2);
        calls[0] = hex"12345678";
        bool[] memory done = _tryMany(alice, calls);
        assertFalse(done[0] || done[1], "neither");
        assertEq(_tryMany(alice, new bytes[](0)).length, 0, "an empty batch");
    }

    function test_tryMany_TakesBatchesOfBatches() public sound {
        fund(alice, 3 ether);
        bytes[] memory inner = new bytes[](2);
        inner[0] = abi.encodeCall(IMarketCore.withdraw, (bob, 1 ether));
        inner[1] = abi.encodeCall(IMarketCore.withdraw, (bob, 9 ether));
        bytes[] memory calls = new bytes[](2);
        calls[0] = abi.encodeCall(IMarketCore.tryMany, (inner));
        calls[1] = inner[0];
        execute(anAction(abi.encodeCall(IMarketCore.tryMany, (calls))));
        assertEq(token.balanceOf(bob), 2 ether, "both good ones, by Alice");
    }

    // ─── Submitter keys ─────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_actMany_ActsForTheOperator() public sound {
        nameHot();
        Workload memory w = drawnToAlice();
        bytes[] memory calls = new bytes[](2);
        calls[0] = abi.encodeCall(IMarketCore.accept, (w.id, seatOf[bob]));
        calls[1] = abi.encodeCall(IMarketCore.accept, (w.id, seatOf[alice]));
        vm.prank(hot);
        bool[] memory done = relay.actMany(alice, calls);
        assertTrue(!done[0] && done[1], "Alice's alone");
        assertSlot(w, seatOf[alice], SlotState.Accepted);
    }

    function test_actMany_RevertWhen_NotNamed() public sound {
        vm.expectRevert(abi.encodeWithSelector(NotSubmitter.selector, alice, hot));
        vm.prank(hot);
        relay.actMany(alice, new bytes[](0));
    }

    /// @dev Attack: a stolen hot key hides a withdrawal among acts, also in a batch of its own.
    function test_actMany_RevertWhen_AWithdrawalHidesInTheBatch() public sound {
        nameHot();
        fund(alice, 1 ether);
        Workload memory w = drawnToAlice();
        bytes[] memory hidden = new bytes[](1);
        hidden[0] = abi.encodeCall(IMarketCore.withdraw, (hot, 1 ether));
        bytes[] memory calls = new bytes[](2);
        calls[0] = abi.encodeCall(IMarketCore.accept, (w.id, seatOf[alice]));
        bytes[3] memory tries = [hidden[0], abi.encodeCall(IMarketCore.tryMany, (hidden)), bytes(hex"00")];
        for (uint256 i; i < tries.length; ++i) {
            calls[1] = tries[i];
            bytes4 selector = tries[i].length < 4 ? bytes4(0) : bytes4(tries[i]);
            vm.expectRevert(abi.encodeWithSelector(NotAnAct.selector, address(market), selector));
            vm.prank(hot);
            relay.actMany(alice, calls);
        }
    }

    // ─── Attacks ────────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev Attack: items that end with another's address, through the relay. A batch that forgot to append the caller would take it
    /// for the caller (the fault of OpenZeppelin's Multicall with ERC2771Context before 4.9.4 and 5.0.1).
    function test_tryMany_AnItemCannotNameItsCaller() public sound {
        fund(alice, 1 ether);
        bytes[] memory calls = new bytes[](2);
        calls[0] = abi.encodePacked(abi.encodeCall(IMarketCore.withdraw, (mallory, 1 ether)), alice);
        Workload memory w = drawnToAlice();
        calls[1] = abi.encodePacked(abi.encodeCall(IMarketExtension.decline, (w.spec, seatOf[alice])), alice);
        assertFalse(_tryMany(mallory, calls)[0], "directly");
        Action memory action = anAction(abi.encodeCall(IMarketCore.tryMany, (calls)));
        action.from = mallory;
        startLogs();
        relay.execute(action, sign(MALLORY_KEY, action));
        assertEq(countLogs(ITEM_FAILED), 2, "both items failed");
        assertEq(balanceOf(alice), 1 ether, "the money is there");
        assertSlot(w, seatOf[alice], SlotState.Assigned);
    }

    /// @dev Attack: owner's acts in a batch, relayed or not.
    function test_tryMany_GivesNobodyTheOwnersRights() public sound {
        bytes[] memory calls = new bytes[](2);
        calls[0] = abi.encodeCall(IMarketExtension.addRules, (someRules()));
        calls[1] = abi.encodeWithSignature("transferOwnership(address)", alice);
        bool[] memory done = _tryMany(alice, calls);
        assertFalse(done[0] || done[1], "directly");
        execute(anAction(abi.encodeCall(IMarketCore.tryMany, (calls))));
        assertEq(core.rulesCount(), 1, "relayed");
        done = _tryMany(owner, calls);
        assertTrue(done[0] && done[1], "the owner itself");
    }

    /// @dev Attack: a relayer gives a signed batch too little gas, so that its last items fail and the signature is spent.
    function test_tryMany_ARelayerCannotStarveTheLastItems() public sound {
        fund(alice, 8 ether);
        bytes[] memory calls = new bytes[](8);
        for (uint256 i; i < 8; ++i) calls[i] = abi.encodeCall(IMarketCore.withdraw, (bob, 1 ether));
        Action memory action = anAction(abi.encodeCall(IMarketCore.tryMany, (calls)));
        bytes memory signature = sign(ALICE_KEY, action);
        for (uint256 gas = 60_000; gas < 700_000; gas += 20_000) {
            uint256 saved = snapshot();
            (bool ok, ) = address(relay).call{gas: gas}(abi.encodeCall(relay.execute, (action, signature)));
            uint256 paid = token.balanceOf(bob);
            assertTrue(ok ? paid == 8 ether : paid == 0, "all or nothing");
            restore(saved);
        }
        execute(action);
        assertEq(token.balanceOf(bob), 8 ether, "with enough gas");
    }

    /// @dev Attack: a verification in a batch gets less than its allowance, and a valid proof counts as failed.
    function test_tryMany_RevertWhen_AVerificationGetsTooLittle() public sound {
        Workload memory w = drawnToAlice();
        bytes[] memory calls = new bytes[](1);
        calls[0] = abi.encodeCall(
            IMarketCore.submitProof,
            (w.spec, pinOf(w), seatOf[alice], PUBLIC_INPUTS, proofOf(seatOf[alice]))
        );
        vm.prank(alice);
        (bool ok, bytes memory answer) = address(market).call{gas: VERIFIER_GAS}(
            abi.encodeCall(IMarketCore.tryMany, (calls))
        );
        assertFalse(ok, "the batch");
        assertEq(answer, abi.encodeWithSelector(BatchNeedsGas.selector, 0), "says why");
    }

    /// @dev However little gas a batch gets, each of its items is carried out or the batch is not.
    function testFuzz_tryMany_NoItemFailsForLackOfGas(uint256 gas) public sound {
        gas = bound(gas, 30_000, 1_500_000);
        Workload[] memory ws = _submitted(8);
        warp(block.timestamp + 5 * EPOCH);
        bytes[] memory calls = new bytes[](8);
        for (uint256 i; i < 8; ++i) calls[i] = _settle(ws[i]);
        startLogs();
        vm.prank(keeper);
        (bool ok, ) = address(market).call{gas: gas}(abi.encodeCall(IMarketCore.tryMany, (calls)));
        assertEq(countLogs(ITEM_FAILED), 0, "failed items");
        assertEq(balanceOf(keeper), ok ? 8 * SETTLE_BOUNTY : 0, "bounties");
    }

    /// @dev Attack: the same money twice in one batch.
    function test_tryMany_SpendsNothingTwice() public sound {
        fund(alice, 1 ether);
        bytes[] memory calls = new bytes[](2);
        calls[0] = abi.encodeCall(IMarketCore.withdraw, (bob, 1 ether));
        calls[1] = calls[0];
        bool[] memory done = _tryMany(alice, calls);
        assertTrue(done[0] && !done[1], "once");
    }

    // ─── Helpers ────────────────────────────────────────────────────────────────────────────────────────────────────────────

    function _tryMany(address from, bytes[] memory calls) private returns (bool[] memory) {
        vm.prank(from);
        return market.tryMany(calls);
    }

    function _submitted(uint256 count) private returns (Workload[] memory ws) {
        ws = new Workload[](count);
        for (uint256 i; i < count; ++i) ws[i] = submit(aRequest());
    }

    function _settle(Workload memory w) private pure returns (bytes memory) {
        return abi.encodeCall(IMarketCore.settle, (w.spec, none()));
    }
}
