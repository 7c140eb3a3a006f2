// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {RequestBuilder} from "../support/solidity/Builders.sol";
import {MarketFixture} from "../support/solidity/MarketFixture.sol";

/// @notice Lists of requesters and deployers, and their one way out. The market of these tests is as deployed: no list is open.
contract MarketListsTest is MarketFixture {
    using RequestBuilder for Request;

    function _opensLists() internal pure override returns (bool) {
        return false;
    }

    function test_submit_RevertWhen_TheRequesterIsNotListed() public sound {
        address stranger = account("stranger");
        fund(stranger, FEE);
        Request memory request = aRequest().withNonce(0);
        vm.expectRevert(abi.encodeWithSelector(NotAdmitted.selector, AccessList.Requesters, stranger));
        vm.prank(stranger);
        market.submit(request);
        assertFalse(market.isAdmitted(AccessList.Requesters, stranger), "not listed");
        _admit(AccessList.Requesters, stranger, true);
        assertTrue(market.isAdmitted(AccessList.Requesters, stranger), "listed");
        Workload memory w = submitAs(stranger, request);
        assertEq(uint16(w.spec.terms >> 128), 1, "the number of the rules, without the mark");
    }

    /// @dev Whoever is taken off keeps what it submitted, and its money.
    function test_admit_TakingOffTheListLeavesLiveWorkloadsAlone() public sound {
        Workload memory w = drawnToAlice();
        _admit(AccessList.Requesters, requester, false);
        Request memory request = aRequest();
        vm.expectRevert(abi.encodeWithSelector(NotAdmitted.selector, AccessList.Requesters, requester));
        vm.prank(requester);
        market.submit(request);
        submitProof(w, seatOf[alice]);
        assertOutcome(w, Outcome.Proven);
        uint256 left = balanceOf(requester);
        vm.prank(requester);
        market.withdraw(requester, left);
    }

    function test_submitMany_RevertWhen_TheRequesterIsNotListed() public sound {
        _admit(AccessList.Requesters, requester, false);
        Request[] memory requests = new Request[](1);
        requests[0] = aRequest();
        vm.expectRevert(abi.encodeWithSelector(NotAdmitted.selector, AccessList.Requesters, requester));
        vm.prank(requester);
        market.submitMany(requests);
    }

    function test_deployProgram_RevertWhen_TheDeployerIsNotListed() public sound {
        Program memory next = aProgram(verifier, true);
        vm.expectRevert(abi.encodeWithSelector(NotAdmitted.selector, AccessList.Deployers, keeper));
        vm.prank(keeper);
        market.deployProgram(next, "");
        _admit(AccessList.Deployers, keeper, true);
        vm.prank(keeper);
        bytes32 id = market.deployProgram(next, "");
        // What is deployed is there for all: naming it again changes nothing.
        vm.prank(alice);
        assertEq(market.deployProgram(next, ""), id, "the same program");
    }

    function test_openList_EverybodyMayAndTheListIsPast() public sound {
        address stranger = account("stranger");
        fund(stranger, 10 * FEE);
        vm.expectEmit(address(market));
        emit ListOpened(AccessList.Requesters);
        vm.prank(owner);
        market.openList(AccessList.Requesters);
        // The class still bears its mark, which means nothing any more.
        submitAs(stranger, aRequest().withNonce(0));
        vm.prank(keeper);
        market.liftRestriction(CLASS);
        submitAs(stranger, aRequest().withNonce(1));
        assertEq(market.classTermsOf(CLASS).rules, 1, "the same rules");
        assertTrue(market.isAdmitted(AccessList.Requesters, stranger), "open");
        assertFalse(market.isAdmitted(AccessList.Deployers, stranger), "the other list stands");
    }

    /// @dev Attack: an owner closes again what others rely on.
    function test_openList_CannotBeUndone() public sound {
        vm.prank(owner);
        market.openList(AccessList.Requesters);
        vm.expectRevert(abi.encodeWithSelector(ListIsOpen.selector, AccessList.Requesters));
        vm.prank(owner);
        market.openList(AccessList.Requesters);
        vm.expectRevert(abi.encodeWithSelector(ListIsOpen.selector, AccessList.Requesters));
        _admit(AccessList.Requesters, requester, false);
        vm.prank(owner);
        market.setClassTerms(CLASS, someTerms(1));
        submitAs(requester, aRequest());
    }

    function test_liftRestriction_RevertWhen_TheListDecides() public sound {
        vm.expectRevert(abi.encodeWithSelector(ListIsClosed.selector, AccessList.Requesters));
        market.liftRestriction(CLASS);
    }

    /// @dev A pause and the list are two marks: neither takes off the other.
    function test_liftPause_LeavesTheList() public sound {
        vm.prank(owner);
        market.setGuardian(keeper);
        vm.prank(keeper);
        market.acceptGuardian();
        vm.prank(keeper);
        market.pauseSubmissions(CLASS, 1 hours);
        Request memory request = aRequest();
        vm.expectRevert(
            abi.encodeWithSelector(SubmissionsPaused.selector, CLASS, block.timestamp, block.timestamp + 1 hours)
        );
        vm.prank(requester);
        market.submit(request);
        vm.prank(keeper);
        market.liftPause(CLASS);
        submit(request);
        _admit(AccessList.Requesters, requester, false);
        request = aRequest();
        vm.expectRevert(abi.encodeWithSelector(NotAdmitted.selector, AccessList.Requesters, requester));
        vm.prank(requester);
        market.submit(request);
    }

    function test_lists_RevertWhen_NotTheOwner() public sound {
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, alice));
        vm.prank(alice);
        market.admit(AccessList.Requesters, alice, true);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, alice));
        vm.prank(alice);
        market.openList(AccessList.Requesters);
    }

    function _admit(AccessList list, address who, bool isAdmitted) private {
        vm.prank(owner);
        market.admit(list, who, isAdmitted);
    }
}
